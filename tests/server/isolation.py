#!/usr/bin/env python3
"""Whether a tenant can find out what another has asked: isolation.py PARVIS [--timing [RESULT.json]].

Two tenants: the operator and guests. What one's requests left in the cache of prefixes (and of grammars) must
neither be counted for the other nor make the other's requests quicker. With --timing the second is measured
as an attacker would: thousands of pairs of requests whose prompt the victim did or did not send just before;
the area under the ROC curve of their times is 0.5 if they tell nothing, and 1 if they tell all. The same attack within one tenant must succeed, or the test would prove nothing."""
import json
import pathlib
import random
import sys
import time

from served import expect, serving

PREFIX = 160  # tokens: five pages
ACROSS, WITHIN, FORMS = 2000, 200, 250
LOW, HIGH, CERTAIN = 0.45, 0.55, 0.95


class Client:
    """A tenant on a connection of its own, as an attacker would hold one open."""

    def __init__(self, server, key):
        self.connection = server.connection()
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def ask(self, body):
        """(seconds, answer)."""
        path = "/v1/chat/completions" if "messages" in body else "/v1/completions"
        data = json.dumps(body)
        begun = time.perf_counter()
        self.connection.request("POST", path, data, self.headers)
        answer = self.connection.getresponse()
        said = answer.read()
        seconds = time.perf_counter() - begun
        expect(answer.status == 200, "an answer", answer.status, said[:300])
        return seconds, json.loads(said)


def prompt(draw):
    return {"model": "fable", "prompt": [draw.randrange(300, 8000) for _ in range(PREFIX)], "max_tokens": 1}


def cached(answer):
    return answer["usage"]["prompt_tokens_details"]["cached_tokens"]


def check_counts(operator, guest):
    draw = random.Random(1)
    for victim, other in ((operator, guest), (guest, operator)):
        body = prompt(draw)
        expect(cached(victim.ask(body)[1]) == 0, "a new prompt")
        expect(cached(other.ask(body)[1]) == 0, "a tenant is told what another has asked")
        for client in (victim, other):
            expect(cached(client.ask(body)[1]) >= PREFIX // 2, "a tenant's own prompt is not kept")


def auc(hits, misses):
    """How likely a hit is quicker than a miss (Mann and Whitney's U over all pairs)."""
    ranked = sorted([(s, 0) for s in hits] + [(s, 1) for s in misses])
    below = wins = 0
    for _, miss in ranked:
        if miss:
            wins += below
        else:
            below += 1
    return wins / (len(hits) * len(misses))


def attack(victim, attacker, pairs, make, seed):
    """Times of the attacker's requests, of those that the victim has sent just before and of others."""
    draw = random.Random(seed)
    hits, misses = [], []
    for _ in range(pairs):
        rounds = [True, False]
        draw.shuffle(rounds)  # so that nothing else differs between the two
        for hit in rounds:
            guessed, other = make(draw), make(draw)
            victim.ask(guessed if hit else other)
            (hits if hit else misses).append(attacker.ask(guessed)[0])
    return auc(hits, misses)


def form(draw):
    """A request for an answer in a form that takes a while to make."""
    names = ["".join(draw.choice("abcdefgh") for _ in range(12)) for _ in range(40)]
    schema = {"type": "object", "properties": {n: {"type": "string", "maxLength": 60} for n in names}, "required": names}
    return {"model": "chat", "messages": [{"role": "user", "content": "A"}], "max_tokens": 1, "response_format": {
        "type": "json_schema", "json_schema": {"name": "n", "schema": schema}}}


def check_timing(server, path):
    operator, guest = Client(server, server.key), Client(server, None)
    found = {
        "across": {"pairs": ACROSS, "auc": attack(operator, guest, ACROSS, prompt, 1)},
        "within": {"pairs": WITHIN, "auc": attack(guest, guest, WITHIN, prompt, 2)},
        "forms_across": {"pairs": FORMS, "auc": attack(operator, guest, FORMS, form, 3)},
        "forms_within": {"pairs": FORMS, "auc": attack(guest, guest, FORMS, form, 4)},
    }
    print(json.dumps(found))
    if path:
        sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
        from measure import write_results
        write_results(path, {"schema": "parvis.bench.isolation/1", **found})
    expect(found["within"]["auc"] >= CERTAIN, "the attack does not work where it must", found)
    expect(found["forms_within"]["auc"] >= CERTAIN, "the attack on forms does not work where it must", found)
    expect(LOW <= found["across"]["auc"] <= HIGH, "times tell what another tenant has asked", found)
    # Fewer pairs: the spread of the figure itself is wider.
    expect(LOW - 0.03 <= found["forms_across"]["auc"] <= HIGH + 0.03, "times tell which forms others ask for", found)


def main():
    program, *more = sys.argv[1:]
    with serving(program, "--no-key", "--log", "none", "fable") as server:
        check_counts(Client(server, server.key), Client(server, None))
        if more[:1] == ["--timing"]:
            check_timing(server, more[1] if len(more) > 1 else None)
    print("tenants are apart")


if __name__ == "__main__":
    main()
