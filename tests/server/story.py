#!/usr/bin/env python3
"""The story of a school, told twice: story.py PARVIS. Once by API alone and once by commands alone, an
operator makes a plan with prices and an organisation with two classes; pupils have keys with a limit of the
day; one of them is stopped in the middle of a stream and told why; the teacher sees what was used; the
month's invoice adds up. Then the routes that the story needs, asked by everybody who may not."""
import contextlib
import csv
import decimal
import io
import json
import sqlite3
import sys

from billing_case import SELLER, Cli, as_nobody, cents, last_month
from organisation import Client
from served import events, expect, serving

DAY_LIMIT = 60
ASK = {"model": "fable", "prompt": "Once upon a time", "max_tokens": 200, "temperature": 0, "stream": True,
       "stream_options": {"include_usage": True}}
CLASSES = {"6e-B": ("Ada", "Blaise"), "3e-A": ("Carl",)}


def stream(server, key):
    """(status, headers, text, how it ended, notice, tokens) of one streamed answer."""
    status, headers, data = server.ask("POST", "/v1/completions", ASK, key=key)
    if status != 200:
        return status, headers, "", json.loads(data)["error"]["code"], "", 0
    told = [e for e in events(data) if e != "[DONE]"]
    choices = [c for e in told for c in e["choices"]]
    notices = [e["parvis"]["notice"] for e in told if "notice" in e.get("parvis", {})]
    used = next(e["usage"]["total_tokens"] for e in told if e.get("usage"))
    end = [c["finish_reason"] for c in choices if c.get("finish_reason")]
    return status, headers, "".join(c["text"] for c in choices), end[0], "".join(notices), used


def lessons(server, keys):
    """Everybody asks; Ada goes on until the day is used up. Tokens by pupil."""
    used = dict.fromkeys(keys, 0)
    for name, key in keys.items():
        status, _, text, end, notice, tokens = stream(server, key)
        expect(status == 200 and text, "a first answer", name, status)
        used[name] += tokens
        if name != "Ada":
            continue
        ends = [(end, notice)]
        while status == 200:
            status, _, text, end, notice, tokens = stream(server, key)
            used[name] += tokens
            ends.append((end, notice))
        cut = [notice for end, notice in ends if end == "length" and notice]
        first = stream(server, keys["Ada"])
        expect(first[0] == 429 and first[3] == "insufficient_quota", "the day is used up", first)
        expect(first[1]["x-parvis-limit"] == "tokens_per_day of key", "which limit", first[1])
        expect(len(cut) == 1 and f"{DAY_LIMIT} tokens a day" in cut[0], "stopped in its middle, and told why", ends)
        expect(used[name] <= DAY_LIMIT, "no more than the day's", used)
    return used


def let_a_month_go_by(server, organisation):
    """The records of this organisation come to lie in the last month."""
    month, first, _ = last_month()

    def move():
        with contextlib.closing(sqlite3.connect(server.folder / "data" / "parvis.db", timeout=30)) as db, db:
            db.execute("UPDATE requests SET created_ms = unixepoch(?) * 1000 WHERE organisation = ?",
                       (f"{first} 12:00:00", organisation))
    as_nobody(move)
    return month


def adds_up(invoice, charged, rate=20):
    exact = sum(charged, decimal.Decimal(0))
    lines = sum(decimal.Decimal(line["amount"]) for line in invoice["lines"])
    annex = sum(decimal.Decimal(share["amount"]) for share in invoice["annex"])
    totals = {k: decimal.Decimal(v) for k, v in invoice["totals"].items()}
    expect(exact > 0 and lines == annex == totals["exact"] == exact, "an invoice adds up", invoice, exact)
    expect(totals["net"] == cents(exact) and totals["vat"] == cents(totals["net"] * rate / 100) and
           totals["gross"] == totals["net"] + totals["vat"], "its totals", totals)


def by_api(server):
    """Returns the operator's client of the organisation, the steward's, a pupil's and the invoice."""
    operator = Client(server, server.key)
    plan = operator.ask("POST", "/v1/plans/class", {
        "prices": {"*": {"input": "900", "cached": "450", "output": "1500.5"}},
        "limits_of_each_user": {"requests_per_minute": 1000}})
    expect(plan["prices"]["*"] == {"input": "900.00", "cached": "450.00", "output": "1500.50"}, "a plan", plan)
    expect(operator.ask("GET", "/v1/plans/class") == plan, "the plan is kept")
    expect(operator.ask("GET", "/v1/plans")["data"] == [plan], "the list of plans")
    made = operator.ask("POST", "/v1/organizations", {"name": "Lycée A", "plan": "class"})
    expect(operator.ask("GET", f"/v1/organizations/{made['id']}") == made, "an organisation", made)
    host = Client(server, server.key, made["id"])
    steward = Client(server, host.key_for(host.user("Mme Curie", "steward"))[1])
    keys, ids = {}, {}
    for group, names in CLASSES.items():
        group_id = steward.ask("POST", "/v1/organization/groups", {"name": group})["id"]
        for name in names:
            ids[name] = steward.user(name, group_id=group_id)
            key_id, keys[name] = steward.key_for(ids[name])
            steward.ask("POST", "/v1/organization/limits", {"scope": "key", "subject": key_id,
                                                            "metric": "tokens_per_day", "value": DAY_LIMIT})
    used = lessons(server, keys)
    page = steward.ask("GET", "/v1/organization/usage/completions?start_time=0&group_by=user_id")
    seen = {r["user_id"]: r["input_tokens"] + r["output_tokens"] for b in page["data"] for r in b["results"]}
    expect(seen == {ids[n]: used[n] for n in used}, "the teacher sees what was used", seen, used)
    costs = [decimal.Decimal(r["amount"]["decimal"]) for b in
             steward.ask("GET", "/v1/organization/costs?start_time=0&group_by=model")["data"] for r in b["results"]]
    operator.ask("POST", "/v1/organization/billing", {
        "name": "École de code", "address": "1 rue du Port\n29200 Brest", "country": "FR",
        "registration": "732829320", "vat_id": "FR44732829320", "vat_rate": "20"})
    steward.ask("POST", "/v1/organization/billing",
                {"name": "Lycée A", "address": "2 place d'Armes\n75001 Paris", "country": "FR"})
    month = let_a_month_go_by(server, made["id"])
    preview = steward.ask("GET", f"/v1/organization/invoice_preview?month={month}&annex=user")
    adds_up(preview, costs)
    invoice = host.ask("POST", "/v1/organization/invoices", {"month": month, "annex": "user"})
    adds_up(invoice, costs)
    expect({s["user"] for s in invoice["annex"]} == set(ids), "who used it", invoice["annex"])
    expect(steward.ask("GET", "/v1/organization/invoices")["data"] == [invoice], "the steward's list")
    return host, steward, Client(server, keys["Blaise"]), invoice


def by_commands(server):
    cli = Cli(server.folder)
    cli.run("plan", "set", "school", "--price", "*=900,1500.5")
    org = cli.run("org", "create", "Lycée C", "--plan", "school").strip()
    keys = {}
    for group, names in CLASSES.items():
        cli.run("group", "create", group, "--org", org)
        for name in names:
            cli.run("user", "create", name, "--org", org, "--group", group)
            made = cli.json("key", "create", name, "--org", org)
            keys[name] = made["secret"]
            cli.run("limit", "set", "--key", made["key"]["id"], "--org", org, "--tokens-per-day", str(DAY_LIMIT))
    while server.ask("GET", "/v1/models", key=list(keys.values())[-1])[0] != 200:
        pass
    used = lessons(server, keys)
    rows = cli.json("usage", "--org", org, "--by", "user")["usage"]
    seen = {r["user"]: r["input_tokens"] + r["output_tokens"] for r in rows}
    expect(seen == used, "usage by user", seen, used)
    cli.run("invoice", "seller", *SELLER)
    cli.run("invoice", "buyer", org, "--name", "Lycée C", "--address", "3 place", "--country", "FR")
    month = let_a_month_go_by(server, org)
    _, first, last = last_month()
    table = cli.run("usage", "--org", org, "--by", "user", "--from", str(first), "--to", str(last), "--csv")
    charged = [decimal.Decimal(r["charged"]) for r in csv.DictReader(io.StringIO(table, newline=""))]
    number = cli.run("invoice", "issue", org, month, "--annex", "user").strip()
    invoice = cli.json("invoice", "show", number)["invoice"]
    adds_up(invoice, charged)
    return number


def strangers(server, host, steward, pupil, invoice, elsewhere):
    """Invoices × {owner, same organisation, other organisation, nobody}; the operator's routes likewise."""
    other_id = host.ask("POST", "/v1/organizations", {"name": "Lycée B"})["id"]
    other_host = Client(server, server.key, other_id)
    other = Client(server, other_host.key_for(other_host.user("Steward", "steward"))[1])
    nobody = Client(server, None)
    one = f"/v1/organization/invoices/{invoice['number']}"
    credit = {"reason": "why"}
    for method, path, body, wanted in (
            ("GET", one, None, (200, 403, 404, 401)),
            ("GET", one + "?format=html", None, (200, 403, 404, 401)),
            ("GET", f"/v1/organization/invoices/{elsewhere}", None, (404, 403, 404, 401)),
            ("GET", "/v1/organization/invoices/PV-1-000001", None, (404, 403, 404, 401)),
            ("POST", one + "/credit", credit, (403, 403, 403, 401)),
            ("POST", "/v1/organization/invoices", {"month": invoice["month"]}, (403, 403, 403, 401)),
            ("GET", "/v1/organizations", None, (403, 403, 403, 401)),
            ("GET", f"/v1/organizations/{invoice['organisation']}", None, (403, 403, 403, 401)),
            ("POST", f"/v1/organizations/{invoice['organisation']}", {"name": "x"}, (403, 403, 403, 401)),
            ("POST", f"/v1/organizations/{invoice['organisation']}/archive", None, (403, 403, 403, 401)),
            ("GET", "/v1/plans/class", None, (403, 403, 403, 401)),
            ("POST", "/v1/plans/class", {"prices": {}}, (403, 403, 403, 401))):
        got = tuple(client.status(method, path, body) for client in (steward, pupil, other, nobody))
        expect(got == wanted, "who may", method, path, got, wanted)
    expect(other_host.status("POST", one + "/credit", credit) == 404, "of another organisation, even for the operator")
    expect(other.ask("GET", "/v1/organization/invoices")["data"] == [], "others' list")
    expect(host.ask("GET", one) == invoice, "nothing is changed")


def refusals(host, steward, other_organisation, invoice):
    """Bodies cannot set what is not theirs to set, and what makes no sense is refused by name."""
    for client, path, body, status, param in (
            (steward, "/v1/organization/billing", {"vat_rate": "0"}, 403, "vat_rate"),
            (steward, "/v1/organization/billing", {"series": "X"}, 400, "series"),
            (steward, "/v1/organization/billing", {"organisation": "local"}, 400, "organisation"),
            (steward, "/v1/organization/billing", {"vat_id": "FR00732829320"}, 400, "vat_id"),
            (host, "/v1/organization/invoices", {"month": "2026-13"}, 400, "month"),
            (host, "/v1/organization/invoices", {"month": invoice["month"], "number": "PV-1"}, 400, "number"),
            (host, "/v1/organization/invoices", {"month": invoice["month"]}, 400, "month"),
            (host, f"/v1/organization/invoices/{invoice['number']}/credit",
             {"reason": "x", "amount": "99999"}, 400, "amount"),
            (host, "/v1/organizations", {"name": "x", "disabled": True}, 400, "disabled"),
            (host, "/v1/organizations/local", {"id": "x"}, 400, "id"),
            (host, f"/v1/organizations/{other_organisation}", {"denied": ["everything"]}, 400, "denied"),
            (host, "/v1/plans/class", {"name": "x"}, 400, "name")):
        error = client.ask("POST", path, body, status=status)["error"]
        expect(error["param"] == param, "which field", path, body, error)
    for body in ({"prices": {"*": {"input": "1e3", "output": "1"}}}, {"currency": "eur"},
                 {"limits_of_each_user": {"tokens_per_day": -1}}, {"prices": {"*": {"input": "1"}}}):
        host.ask("POST", "/v1/plans/class", body, status=400)
    host.ask("POST", "/v1/organizations/local/archive", status=400)
    host.ask("GET", "/v1/organizations/nothing", status=404)
    host.ask("POST", "/v1/organizations", {"name": "Lycée A"}, status=400)
    steward.ask("GET", f"/v1/organization/invoices/{invoice['number']}?format=pdf", status=400)
    steward.ask("GET", f"/v1/organization/invoices/{invoice['number']}?language=de", status=400)


def ends(server, host, steward, pupil, invoice):
    """A page that loads nothing; a credit; an organisation that is archived and comes back."""
    one = f"/v1/organization/invoices/{invoice['number']}"
    _, headers, data = server.ask("GET", one + "?format=html&language=fr", key=steward.key)
    expect(headers["content-type"].startswith("text/html") and b"Facture" in data, "a page", headers)
    expect(headers["content-security-policy"].startswith("default-src 'none'"), "it loads nothing", headers)
    _, headers, data = server.ask("GET", one + "?format=csv", key=steward.key)
    expect(headers["content-type"].startswith("text/csv") and data.startswith(b"number,kind,"), "a table", data)
    credit = host.ask("POST", one + "/credit", {"reason": "A gift"})
    expect(credit["totals"]["gross"] == invoice["totals"]["gross"], "a credit note", credit)
    expect(steward.ask("GET", one)["credited"] == invoice["totals"]["gross"], "it is credited")
    of = f"/v1/organizations/{invoice['organisation']}"
    expect(host.ask("POST", of + "/archive")["status"] == "archived", "archived")
    expect(pupil.status("GET", "/v1/models") == 401 and steward.status("GET", one) == 401, "its keys end at once")
    expect(host.ask("POST", of, {"disabled": False, "denied": ["see_usage"]})["denied"] == ["see_usage"], "back")
    expect(pupil.status("GET", "/v1/models") == 200 and steward.status("GET", one) == 403, "what is denied")


def main():
    # The matrix sends many wrong keys, which is not what this is about.
    with serving(sys.argv[1], "--wrong-keys-per-minute", "0") as server:
        host, steward, pupil, invoice = by_api(server)
        elsewhere = by_commands(server)
        strangers(server, host, steward, pupil, invoice, elsewhere)
        refusals(host, steward, invoice["organisation"], invoice)
        ends(server, host, steward, pupil, invoice)


if __name__ == "__main__":
    main()
