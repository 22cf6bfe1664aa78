#!/usr/bin/env python3
"""Invoices on the command line: invoices.py PARVIS. Their sums are those of `parvis usage`, recomputed with
`decimal`; pages are read by a parser and tables by `csv`; numbers have neither gaps nor doubles whatever is
killed while they are given."""
import csv
import decimal
import html.parser
import io
import shutil
import sys
import time

from billing_case import SELLER, Cli, cents, last_month, seeded, write_records
from served import expect, folder_for_nobody

KILLS = 60


class Page(html.parser.HTMLParser):
    """Tables by their id, elements that were seen, and whether all that was opened was closed."""
    VOID = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.tables, self.seen, self.open, self.text, self.attributes = {}, set(), [], "", set()
        self.table = self.cell = None
        self.feed(text)
        self.close()
        expect(not self.open, "elements that were not closed", self.open)

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "table":
            self.table = self.tables[dict(attrs)["id"]] = []
        elif tag == "tr":
            self.table.append([])
        elif tag in ("td", "th"):
            self.cell = ""

    def handle_endtag(self, tag):
        expect(self.open and self.open.pop() == tag, "an element that ends", tag)
        if tag in ("td", "th"):
            self.table[-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        self.text += data
        if self.cell is not None:
            self.cell += data


def amount(text, language):
    """"1 234,50 EUR" or "1,234.50 EUR" as a number."""
    digits = text.rsplit("\u00a0", 1)[0]
    if language == "fr":
        return decimal.Decimal(digits.replace("\u202f", "").replace(",", "."))
    return decimal.Decimal(digits.replace(",", ""))


def two_classes(cli, name, rng):
    """(id, people) of an organisation with names that a page or a table could stumble on."""
    org = cli.json("org", "create", name)["organisation"]["id"]
    people = [(org, "", "user_gone")]  # of records whose user is not there any more
    for group in ("=6e-B", "3e <A>"):
        made = cli.json("group", "create", group, "--org", org)["group"]["id"]
        for user in ("@Ada", '"Blaise" & Cie'):
            person = cli.json("user", "create", f"{user} {group}", "--org", org, "--group", group)
            people.append((org, made, person["user"]["id"]))
    cli.run("invoice", "buyer", org, "--name", f"{name} <script>alert(1)</script>", "--address", "2 place",
            "--address", "75001 Paris", "--country", "FR")
    rng.shuffle(people)
    return org, people


def used(cli, org, currency):
    """What `parvis usage` says was charged in a currency, by model."""
    _, first, last = last_month()
    table = cli.run("usage", "--org", org, "--by", "model", "--from", str(first), "--to", str(last), "--csv")
    return {row["model"].removeprefix("'"): decimal.Decimal(row["charged"])
            for row in csv.DictReader(io.StringIO(table, newline="")) if row["currency"] == currency}


def check_sums(invoice, usage, rate):
    """The document against the usage, with arithmetic that is not ours."""
    by_model = {}
    for line in invoice["lines"]:
        by_model[line["model"]] = by_model.get(line["model"], 0) + decimal.Decimal(line["amount"])
        # Tokens at the line's price, each request rounded up to a millionth.
        price = {k: decimal.Decimal(v) for k, v in line["price_of_a_million"].items()}
        exact = ((line["input_tokens"] - line["cached_tokens"]) * price["input"] +
                 line["cached_tokens"] * price["cached"] + line["output_tokens"] * price["output"]) / 1_000_000
        rest = decimal.Decimal(line["amount"]) - exact
        expect(0 <= rest < line["requests"] * decimal.Decimal("0.000001"), "a line's amount", line, rest)
    expect(by_model == {m: v for m, v in usage.items() if v}, "lines are the usage", by_model, usage)
    exact = sum(usage.values())
    totals = {k: decimal.Decimal(v) for k, v in invoice["totals"].items()}
    expect(totals["exact"] == exact, "the exact sum", totals, exact)
    expect(totals["net"] == cents(exact), "the sum is rounded once", totals, exact)
    expect(totals["vat"] == cents(totals["net"] * rate / 100), "VAT of the total", totals)
    expect(totals["gross"] == totals["net"] + totals["vat"], "the total", totals)
    for annex in filter(None, [invoice["annex"]]):
        expect(sum(decimal.Decimal(s["amount"]) for s in annex) == exact, "the annex's sum", annex)


def check_page(text, invoice, language):
    page = Page(text)
    expect(not page.seen & {"script", "i", "img", "link", "iframe"}, "elements of a page", page.seen)
    expect(not any(a.startswith("on") or a in ("src", "href") for a in page.attributes), "attributes", page.attributes)
    expect("@import" not in text and "url(" not in text, "the page needs nothing else")
    expect("<script>alert(1)</script>" in page.text and "École <de> code & Cie" in page.text, "names are text")
    lines = page.tables["lines"][1:]
    expect([row[0] for row in lines] == [line["model"] for line in invoice["lines"]], "models", lines)
    got = [amount(row[-1], language) for row in lines]
    expect(got == [decimal.Decimal(line["amount"]) for line in invoice["lines"]], "amounts", got)
    totals = [amount(row[-1], language) for row in page.tables["totals"]]
    wanted = [decimal.Decimal(invoice["totals"][k]) for k in ("exact", "net", "vat", "gross")]
    expect(totals == wanted, "totals on the page", totals, wanted)
    expect(len(page.tables["annex"]) == 1 + len(invoice["annex"]), "the annex")
    expect(invoice["number"] in page.text, "its number")
    for word in {"en": ("Invoice", "VAT\u00a0", "Total to pay"), "fr": ("Facture", "TVA", "Total TTC")}[language]:
        expect(word.strip("\u00a0") in page.text, "a word of its language", word)


def check_table(text, invoice):
    expect(text.count("\r\n") == text.count("\n"), "ends of lines")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    for row in rows:
        for field, value in row.items():
            expect(value[:1] not in tuple("=+-@\t\r"), "a field that a spreadsheet would compute", field, value)
    lines = [r for r in rows if r["row"] == "line"]
    expect([r["model"].removeprefix("'") for r in lines] == [i["model"] for i in invoice["lines"]], "lines", lines)
    total = sum(decimal.Decimal(r["amount"]) for r in rows if r["row"] == "annex")
    expect(total == decimal.Decimal(invoice["totals"]["exact"]), "the annex's sum", total)


def documents(cli, rng):
    """A month of many records, told in all forms."""
    month = last_month()[0]
    org, people = two_classes(cli, "Lycée A", rng)
    write_records(cli.folder, people, 3000, rng, currencies=("EUR", "CHF"))
    said = cli.run("invoice", "issue", org, month, "--currency", "EUR", fails=True)
    expect("seller: the name is missing" in said, "no seller yet", said)
    cli.run("invoice", "seller", *SELLER)
    expect("CHF, EUR" in cli.run("invoice", "issue", org, month, fails=True), "two currencies")
    preview = cli.json("invoice", "preview", org, month, "--currency", "EUR", "--annex", "user")["invoice"]
    check_sums(preview, used(cli, org, "EUR"), 20)
    expect(preview["kind"] == "preview" and preview["number"] == "" and preview["month_over"], "a preview", preview)
    expect("This is not an invoice." in cli.run("invoice", "preview", org, month, "--currency", "EUR"), "its mark")
    numbers = []
    for currency in ("EUR", "CHF"):
        invoice = cli.json("invoice", "issue", org, month, "--currency", currency, "--annex", "user")["invoice"]
        check_sums(invoice, used(cli, org, currency), 20)
        expect({s["user"] for s in invoice["annex"]} >= {"@Ada =6e-B", "user_gone"}, "names in the annex")
        for language in ("en", "fr"):
            check_page(cli.run("invoice", "show", invoice["number"], "--language", language), invoice, language)
        check_table(cli.run("invoice", "show", invoice["number"], "--format", "csv"), invoice)
        expect(cli.json("invoice", "show", invoice["number"])["invoice"] == invoice, "what was issued is kept")
        numbers.append(invoice["number"])
    year = numbers[0].split("-")[1]
    expect(numbers == [f"PV-{year}-000001", f"PV-{year}-000002"], "numbers", numbers)
    this_month = time.strftime("%Y-%m", time.gmtime())
    expect("is not over" in cli.run("invoice", "issue", org, this_month, fails=True), "a month that is not over")
    expect("not over" in cli.run("invoice", "preview", org, this_month), "a preview of it says so")
    return org, numbers


def credits(cli, org, numbers):
    month = last_month()[0]
    invoice = cli.json("invoice", "show", numbers[0])["invoice"]
    net = decimal.Decimal(invoice["totals"]["net"])
    cli.run("invoice", "credit", numbers[0], "--amount", str(net + decimal.Decimal("0.01")), "--reason", "x", fails=True)
    first = cli.json("invoice", "credit", numbers[0], "--amount", "1.00", "--reason", "=late")["invoice"]
    said = cli.run("invoice", "issue", org, month, "--currency", "EUR", fails=True)
    expect(f"is invoiced by {numbers[0]}" in said, "a month that is invoiced", said)
    cli.run("invoice", "credit", numbers[0], "--amount", str(net), "--reason", "x", fails=True)
    rest = cli.json("invoice", "credit", numbers[0], "--reason", "the rest")["invoice"]
    for key in ("net", "vat", "gross"):
        total = decimal.Decimal(first["totals"][key]) + decimal.Decimal(rest["totals"][key])
        expect(total == decimal.Decimal(invoice["totals"][key]), "credits are the invoice", key, total)
    expect(rest["corrects"] == numbers[0] and rest["kind"] == "credit_note", "a credit note", rest)
    page = Page(cli.run("invoice", "show", rest["number"], "--language", "fr"))
    expect("Avoir" in page.text and numbers[0] in page.text and "the rest" in page.text, "its page", page.text)
    again = cli.json("invoice", "issue", org, month, "--currency", "EUR")["invoice"]
    expect(again["number"].endswith("000005"), "a new one after it", again["number"])
    states = {i["number"]: i["credited"] for i in cli.json("invoice", "list", "--org", org)["invoices"]}
    expect(states[numbers[0]] == invoice["totals"]["gross"] and states[again["number"]] == "0.00", "a list", states)


def exemptions(cli, rng):
    """Small sellers and reverse charge: the words that the law wants, and no VAT."""
    month = last_month()[0]
    cli.run("invoice", "seller", "--vat-exemption", "293b", "--series", "NOTAX")
    org, people = two_classes(cli, "Lycée 293", rng)
    write_records(cli.folder, people, 60, rng)
    number = cli.run("invoice", "issue", org, month).strip()
    expect(number.startswith("NOTAX-") and number.endswith("-000001"), "a series of its own", number)
    page = Page(cli.run("invoice", "show", number, "--language", "fr"))
    expect("TVA non applicable, art. 293 B du CGI" in page.text, "why there is no VAT", page.text)
    expect(cli.json("invoice", "show", number)["invoice"]["totals"]["vat"] == "0.00", "no VAT")
    org, people = two_classes(cli, "Schule", rng)
    write_records(cli.folder, people, 60, rng)
    cli.run("invoice", "buyer", org, "--vat-exemption", "reverse-charge")
    expect("VAT number is missing" in cli.run("invoice", "issue", org, month, fails=True), "its VAT number")
    cli.run("invoice", "buyer", org, "--vat-id", "DE123456789", "--country", "DE")
    number = cli.run("invoice", "issue", org, month).strip()
    page = Page(cli.run("invoice", "show", number, "--language", "fr"))
    expect("Autoliquidation" in page.text and "DE123456789" in page.text, "reverse charge", page.text)


def kills(cli, rng):
    """kill -9 while numbers are given, two commands at a time."""
    month = last_month()[0]
    cli.run("invoice", "seller", "--vat-rate", "20", "--series", "KILL")
    orgs = []
    for i in range(12):
        org, people = two_classes(cli, f"Org {i}", rng)
        write_records(cli.folder, people, 60, rng)
        orgs.append(org)
    begun = time.monotonic()
    cli.run("invoice", "list")
    duration = time.monotonic() - begun
    killed = issued = 0
    for _ in range(KILLS):
        running = [cli.start("invoice", "issue", rng.choice(orgs), month) for _ in range(2)]
        time.sleep(rng.uniform(0, 2 * duration))
        for process in running:
            process.kill()
            process.communicate()
            killed += process.returncode == -9
            issued += process.returncode == 0
    for org in orgs:
        process = cli.start("invoice", "issue", org, month)
        said = process.communicate()[1].decode()
        expect(process.returncode == 0 or "is invoiced by" in said, "issued once", said)
    kept = [i for i in cli.json("invoice", "list")["invoices"] if i["number"].startswith("KILL-")]
    places = [int(i["number"].rsplit("-", 1)[1]) for i in kept]
    expect(places == list(range(1, len(orgs) + 1)), "numbers without gaps and doubles", places)
    expect(sorted(i["organisation"] for i in kept) == sorted(orgs), "each once", kept)
    for invoice in kept:
        check_sums(invoice, used(cli, invoice["organisation"], "EUR"), 20)
    print(f"{killed} commands killed, {issued} ended before: {len(places)} numbers without a gap")
    expect(killed > KILLS // 4, "kills came too late to be a test", killed)


def main():
    rng = seeded()
    with folder_for_nobody() as folder:
        shutil.copy(sys.argv[1], folder / "parvis")
        cli = Cli(folder)
        org, numbers = documents(cli, rng)
        credits(cli, org, numbers)
        exemptions(cli, rng)
        kills(cli, rng)


if __name__ == "__main__":
    main()
