"""What tests of invoices share: commands on a folder, records of a month that is over, sums in `decimal`."""
import calendar
import contextlib
import datetime
import decimal
import json
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import traceback

from served import become_nobody, expect

SELLER = ("--name", "École <de> code & Cie", "--address", "1 rue du Port", "--address", "29200 Brest",
          "--country", "FR", "--registration", "732 829 320", "--vat-id", "FR44732829320", "--vat-rate", "20",
          "--terms", "IBAN FR76 …")


class Cli:
    """`parvis` on a folder, as the user that a server of it runs as."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.command = [self.folder / "parvis"]
        self.options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                        "preexec_fn": become_nobody, "env": os.environ | {"HOME": str(folder)}}

    def start(self, *words):
        return subprocess.Popen([*self.command, *words, "--data", self.folder / "data"], **self.options)

    def run(self, *words, fails=False):
        process = self.start(*words)
        out, said = (data.decode() for data in process.communicate())
        expect((process.returncode != 0) == fails, "a command's end", words, process.returncode, out, said)
        return said if fails else out

    def run_bare(self, *words):
        """A command that has no folder."""
        done = subprocess.run([*self.command, *words], **self.options)
        expect(done.returncode == 0, "a command's end", words, done)
        return done.stdout.decode()

    def json(self, *words):
        return json.loads(self.run(*words, "--json"))


def as_nobody(work):
    """Runs `work` as the user that owns the folder: files that SQLite makes must be theirs."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            become_nobody()
            work()
            code = 0
        except BaseException:  # the process ends here, and nobody else would say it
            traceback.print_exc()
        finally:
            os._exit(code)
    expect(os.waitpid(child, 0)[1] == 0, "what was done as nobody failed")


def last_month():
    """(text, first day, last day) of the month before this one, UTC."""
    last = datetime.datetime.now(datetime.timezone.utc).date().replace(day=1) - datetime.timedelta(days=1)
    return last.strftime("%Y-%m"), last.replace(day=1), last


def moment(day):
    return calendar.timegm(day.timetuple()) * 1000


def cost(prices, tokens_in, cached, tokens_out):
    """What so many tokens cost in millionths, rounded up: the rule of docs/design/budgets.md."""
    exact = sum(decimal.Decimal(p) * n / 1_000_000
                for p, n in zip(prices, (tokens_in - cached, cached, tokens_out)))
    return int(exact.to_integral_value(decimal.ROUND_CEILING))


def write_records(folder, people, count, rng, models=("fable", "=cmd()", "<i>m</i>"), currencies=("EUR",)):
    """`count` requests with answers in the last month, by `people`: (organisation, group, user) by id."""
    _, first, last = last_month()
    begin, end = moment(first), moment(last) + 86_400_000
    prices = [(15_000_000, 7_500_000, 60_000_000), (110_000, 110_000, 440_001), (7, 3, 1)]
    requests, answers = [], []
    for _ in range(count):
        organisation, group, user = rng.choice(people)
        name = f"req_{rng.getrandbits(96):x}"
        price = rng.choice(prices)
        tokens_in, tokens_out = rng.randint(1, 4000), rng.randint(0, 4000)
        cached = rng.randint(0, tokens_in)
        micros = 0 if rng.random() < 0.1 else cost(price, tokens_in, cached, tokens_out)
        at = rng.choice([begin, end - 1, rng.randrange(begin, end)])
        requests.append((name, organisation, user, "key_x", "POST /v1/completions", rng.choice(models), "d", at,
                         tokens_in, tokens_out, group, "plan", *price, rng.choice(currencies)))
        answers.append((name, organisation, user, "stop", at, tokens_in, cached, tokens_out, micros))

    def insert():
        with contextlib.closing(sqlite3.connect(folder / "data" / "parvis.db", timeout=30)) as db, db:
            db.executemany(
                "INSERT INTO requests(id, organisation, owner, api_key, route, model, model_digest, created_ms, "
                "input_tokens, max_output_tokens, user_group, plan, input_price, cached_price, output_price, "
                "currency) VALUES(" + ", ".join("?" * 16) + ")", requests)
            db.executemany("INSERT INTO answers(request, organisation, owner, finish, finished_ms, input_tokens, "
                           "cached_tokens, output_tokens, charged_micros) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", answers)
    as_nobody(insert)


def cents(amount):
    return amount.quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_UP)


def seeded():
    seed = random.SystemRandom().randint(0, 1 << 30)
    print(f"seed {seed}", file=sys.stderr)
    return random.Random(seed)
