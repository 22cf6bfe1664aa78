#!/usr/bin/env python3
"""What is seen of requests from outside: telemetry.py PARVIS.

Counts, log and spans tell the same as the answers; none of them holds a prompt, an answer, a key or a
path; a collector or a log that does not take anything costs no request."""
import contextlib
import http.server
import json
import os
import re
import sqlite3
import sys
import threading
import time

from served import expect, serving, wait_for
from streams import open_stream

SECRET = "zanzibar-marmalade"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
STATIONS = ["read", "handle", "access", "model", "prepare", "reserve", "check_input", "record_request",
            "run", "settle", "record_answer", "answer"]


class Collector(http.server.ThreadingHTTPServer):
    """Takes OTLP over HTTP in JSON; `stuck`: reads nothing and says nothing. `refuse(turn)`: (status, headers) of the
    turn-th answer; None: it takes. `tries`: when each came."""

    def __init__(self, stuck=False, refuse=lambda turn: None, port=0):
        self.bodies, self.headers, self.stuck = [], [], threading.Event()
        self.refuse, self.tries = refuse, []
        if not stuck:
            self.stuck.set()
        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self):
        return [s for b in self.bodies for r in b["resourceSpans"] for c in r["scopeSpans"]
                for s in c["spans"]]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.stuck.wait(60)
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.tries.append(time.monotonic())
        if refused := self.server.refuse(len(self.server.tries)):
            self.send_response(refused[0])
            for name, value in refused[1].items():
                self.send_header(name, value)
            self.end_headers()
            return
        if self.path == "/v1/traces" and self.headers["content-type"] == "application/json":
            self.server.bodies.append(json.loads(body))
            self.server.headers.append(dict(self.headers))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def metrics(server):
    """{name{labels}: value}; the text is what Prometheus's format allows, and nothing else."""
    status, headers, data = server.ask("GET", "/metrics")
    expect(status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4"),
           "/metrics", status, headers)
    found, types = {}, {}
    for line in data.decode().splitlines():
        if line.startswith("# TYPE"):
            _, _, name, kind = line.split(" ")
            expect(name not in types, "a family stands there twice", name)
            types[name] = kind
        elif not line.startswith("#"):
            match = re.fullmatch(r'([a-z_:][a-z0-9_:]*)(\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})? (\S+)',
                                 line)
            expect(match, "a line that is no sample", line)
            family = re.sub(r"_(bucket|sum|count)$", "", match[1])
            expect(match[1] in types or types.get(family) == "histogram", "a sample without a type", line)
            found[match[1] + (match[2] or "")] = float(match[3])
    return found


def complete(server, **more):
    body = {"model": "fable", "prompt": "Once upon a time " + SECRET, "max_tokens": 8,
            "temperature": 0} | more
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01", "x-api-key": server.key,
               "User-Agent": "agent-" + SECRET}
    status, headers, data = server.ask("POST", "/v1/completions?q=" + SECRET, body, headers)
    expect(status == 200, "an answer", status, data)
    return headers, json.loads(data)


def log_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def check_answer(server):
    headers, answer = complete(server)
    parent = re.fullmatch(rf"00-{TRACE}-([0-9a-f]{{16}})-01", headers["traceparent"])
    expect(parent and parent[1] != SPAN, "the caller's trace goes on in a span of ours", headers)
    timing = dict(re.fullmatch(r"([a-z_]+);dur=([0-9.]+)", t).groups()
                  for t in headers["server-timing"].split(", "))
    for name in ["total", "read", "prepare", "record_request", "run", "queue", "prefill", "generate",
                 "first_token", "per_token"]:
        expect(name in timing, "a time is missing", name, headers["server-timing"])
    parts = sum(float(timing[n]) for n in ("queue", "prefill", "generate"))
    expect(parts <= float(timing["run"]) * 1.05 + 1, "parts of the run are longer than it", timing)
    expect(float(timing["first_token"]) <= float(timing["total"]), "first token", timing)
    for bad in ["00-" + "0" * 32 + f"-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-x",
                "x" * 55, f"00-{TRACE.upper()}-{SPAN}-01"]:
        _, headers, _ = server.ask("GET", "/v1/models", headers={"traceparent": bad})
        expect(re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", headers["traceparent"])
               and TRACE not in headers["traceparent"], "a traceparent that is none", bad, headers)
    return parent[1], answer


def check_log(server, log, answer):
    wait_for(lambda: any(line.get("finish") for line in log_lines(log)), "there is no line")
    line = next(line for line in log_lines(log) if line.get("finish"))
    usage = answer["usage"]
    wanted = {"event": "request", "trace": TRACE, "method": "POST", "route": "/v1/completions",
              "status": 200, "model": "fable", "finish": "length",
              "input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"]}
    expect({k: line.get(k) for k in wanted} == wanted, "the line", line, wanted)
    expect(line["request"] == "req_" + answer["id"].split("-", 1)[1], "the request's id", line)
    expect(line["owner"] and line["key"] and line["key"] != server.key, "who", line)
    expect(line["timings_ms"]["first_token"] <= line["ms"], "times", line)


def check_refused(server, log):
    """What is refused is logged by its kind; nothing of what was asked is."""
    key = "pv-" + SECRET
    server.ask("POST", "/v1/completions", {"model": SECRET, "prompt": SECRET})
    server.ask("POST", "/v1/completions", {"model": "fable", "prompt": SECRET}, key=key)
    server.ask("GET", "/no/" + SECRET + "?key=" + key)
    server.ask("POST", "/v1/completions", '{"' + SECRET)
    server.ask(SECRET.upper(), "/v1/models")
    wanted = {(404, "/v1/completions", "model_not_found"), (401, "/v1/completions", "invalid_api_key"),
              (404, "", "not_found")}
    wait_for(lambda: wanted <= {(line["status"], line["route"], line.get("error")) for line in log_lines(log)},
             "lines of refusals")


def check_metrics(server, answer):
    found = metrics(server)
    labels = 'model="fable"'
    usage = answer["usage"]
    for name, value in [
            (f"parvis_prompt_tokens_total{{{labels}}}", usage["prompt_tokens"]),
            (f"parvis_tokens_predicted_total{{{labels}}}", usage["completion_tokens"]),
            (f'parvis_answers_total{{finish="length",{labels}}}', 1),
            ('parvis_http_requests_total{method="POST",route="/v1/completions",status="200"}', 1),
            ('gen_ai_client_token_usage_sum{gen_ai_operation_name="text_completion",'
             'gen_ai_provider_name="parvis",gen_ai_request_model="fable",gen_ai_token_type="output"}',
             usage["completion_tokens"]),
            ("parvis_models_loaded", 1), ("parvis_ready", 1),
            (f"parvis_requests_processing{{{labels}}}", 0), (f"parvis_kv_cache_usage_ratio{{{labels}}}", 0)]:
        expect(found.get(name) == value, "a count", name, value, found.get(name), found)
    for name in ["parvis_request_duration_seconds_count", "parvis_request_queue_duration_seconds_count",
                 "gen_ai_server_time_to_first_token_seconds_count",
                 "gen_ai_server_time_per_output_token_seconds_count",
                 "gen_ai_server_request_duration_seconds_count",
                 "gen_ai_client_operation_duration_seconds_count", "parvis_prefix_cache_queries_total",
                 "process_resident_memory_bytes", "parvis_model_memory_bytes"]:
        expect(any(n.startswith(name) and v > 0 for n, v in found.items()), "a family", name)
    before = len(found)
    for i in range(200):
        server.ask("GET", f"/v1/models/x{i}")
        server.ask("GET", f"/x{i}")
        server.ask("POST", "/v1/completions", {"model": f"x{i}", "prompt": "a"})
    after = metrics(server)
    expect(len(after) < before + 100, "names of others make series", before, len(after))
    # While something runs, the gauges tell it.
    with contextlib.closing(open_stream(server, 200, n=8)) as s:
        expect(s.recv(64).startswith(b"HTTP/1.1 200"), "a stream begins")
        def told():  # the head leaves before the first step
            now = metrics(server)
            return (now[f"parvis_requests_processing{{{labels}}}"] > 0
                    and now[f"parvis_kv_cache_usage_ratio{{{labels}}}"] > 0
                    and now["parvis_requests_in_flight"] == 1)
        wait_for(told, "the gauges do not tell what runs")


def check_spans(server, collector, span, answer):
    wait_for(lambda: any(s["spanId"] == span for s in collector.spans()), "there is no span")
    spans = collector.spans()
    whole = next(s for s in spans if s["spanId"] == span)
    expect(whole["traceId"] == TRACE and whole["parentSpanId"] == SPAN and whole["kind"] == 2
           and whole["name"] == "POST /v1/completions", "the request's span", whole)
    attributes = {a["key"]: a["value"] for a in whole["attributes"]}
    expect(attributes["gen_ai.request.model"] == {"stringValue": "fable"}
           and attributes["gen_ai.usage.output_tokens"] ==
           {"intValue": str(answer["usage"]["completion_tokens"])}
           and attributes["gen_ai.response.finish_reasons"] ==
           {"arrayValue": {"values": [{"stringValue": "length"}]}}, "attributes", attributes)
    stations = [s for s in spans if s.get("parentSpanId") == span]
    expect([s["name"] for s in stations] == STATIONS, "the stations, in order",
           [s["name"] for s in stations])
    times = [(int(s["startTimeUnixNano"]), int(s["endTimeUnixNano"])) for s in stations]
    expect(all(a <= b for a, b in times) and all(times[i][1] == times[i + 1][0] for i in
                                                 range(len(times) - 1)), "one after the other", times)
    expect(int(whole["startTimeUnixNano"]) <= times[0][0]
           and times[-1][1] <= int(whole["endTimeUnixNano"]), "within the request", times, whole)
    run = next(s for s in stations if s["name"] == "run")
    parts = [s["name"] for s in spans if s.get("parentSpanId") == run["spanId"]]
    expect(parts[-2:] == ["prefill", "generate"], "what the model did", parts)
    expect(all(h.get("X-Collector-Key") == SECRET for h in collector.headers), "headers for it",
           collector.headers)
    expect(collector.bodies[0]["resourceSpans"][0]["resource"]["attributes"][0] ==
           {"key": "service.name", "value": {"stringValue": "parvis"}}, "the resource")
    # A caller that does not want its trace recorded gets what it wants.
    count = len(collector.spans())
    server.ask("GET", "/v1/models", headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})
    server.ask("GET", "/v1/models")
    wait_for(lambda: len(collector.spans()) > count, "spans end")
    expect(sum(s["parentSpanId"] == SPAN and s["name"] == "GET /v1/models" for s in collector.spans()
               if "parentSpanId" in s) == 0, "an unsampled trace is exported")


def check_records(server):
    with contextlib.closing(sqlite3.connect(server.folder / "data/parvis.db")) as database:
        rows = database.execute("SELECT waiting_us, prompt_us, generation_us, first_token_us FROM answers"
                                " WHERE finish = 'length'").fetchall()
    expect(rows and all(w + p <= f for w, p, _, f in rows), "times on record", rows)


def check_stuck(program):
    """A collector that takes nothing, and a log that nobody reads."""
    collector = Collector(stuck=True)
    with serving(program, "--otlp", collector.url) as server:  # stderr is a pipe that is not read
        begun = time.monotonic()
        for _ in range(3000):
            server.ask("GET", "/health")
        expect(time.monotonic() - begun < 60, "requests wait for a collector", time.monotonic() - begun)
        found = metrics(server)
        expect(found["parvis_spans_dropped_total"] > 0, "dropped spans are counted", found)
        begun = time.monotonic()
        said = server.stop()
        expect(time.monotonic() - begun < 30, "the end waits for a collector")
        lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        expect(lines and all(line["route"] in ("/health", "/metrics") for line in lines), "the log")
    collector.stuck.set()


def traced(server, numbers):
    """Requests whose traces are these numbers."""
    with contextlib.closing(server.connection()) as connection:
        for i in numbers:
            connection.request("GET", "/health", headers={"traceparent": f"00-{i + 1:032x}-{SPAN}-01"})
            connection.getresponse().read()


def told(collector):
    """Whose spans came, each once for each time that they did."""
    return sorted(int(s["traceId"], 16) - 1 for s in collector.spans() if s.get("parentSpanId") == SPAN)


def check_refuses_first(program):
    """Later and later, and not before the collector asks for it; each span once; what is refused for good is dropped."""
    turns = {1: (503, {}), 2: (429, {"Retry-After": "3"}), 3: (502, {}), 4: (504, {}), 6: (400, {})}
    collector = Collector(refuse=turns.get)
    with serving(program, "--otlp", collector.url) as server:
        traced(server, range(20))
        wait_for(lambda: told(collector) == list(range(20)), "all come, once", 40, told(collector))
        waits = [b - a for a, b in zip(collector.tries, collector.tries[1:])]
        expect(0.4 < waits[0] < 2.5 and waits[1] >= 3 and waits[2] > 1.8 and waits[3] > 3.5, "waits", waits)
        found = metrics(server)
        expect(found["parvis_spans_dropped_total"] == 0, "none is dropped", found)
        wait_for(lambda: len(collector.tries) >= 6, "the scrape's own span")
        traced(server, range(100, 103))
        wait_for(lambda: told(collector)[-3:] == [100, 101, 102], "what comes after a refusal", 20, told(collector))
        expect(0 < metrics(server)["parvis_spans_dropped_total"] < 20, "what was refused is counted")


def check_away(program):
    """A collector that is not there, and then is: the newest have waited for it, the oldest are dropped and counted."""
    gone = Collector()
    port = gone.server_port
    gone.shutdown()
    gone.server_close()
    count, queued, batch = 3000, 2048, 256
    with serving(program, "--otlp", f"http://127.0.0.1:{port}", "--log", "none") as server:
        traced(server, range(count))
        dropped = metrics(server)["parvis_spans_dropped_total"]
        expect(count - queued - batch <= dropped <= count - queued + 1, "the oldest are dropped", dropped)
        collector = Collector(port=port)
        wait_for(lambda: told(collector)[-1:] == [count - 1], "they come when it is there", 60)
        came = told(collector)
        expect(came == sorted(set(came)) and set(range(count - queued + 1, count)) <= set(came), "which", came)
        expect(len(came) >= count - dropped - 1, "the rest is there", len(came), dropped)


def check_end(program):
    """At a graceful end what is queued goes out, within a bound if it cannot."""
    ended = threading.Event()
    collector = Collector(refuse=lambda _: None if ended.is_set() else (503, {}))
    with serving(program, "--otlp", collector.url) as server:
        traced(server, range(600))  # more than a batch
        wait_for(lambda: len(collector.tries) >= 2, "it is refused")
        ended.set()
        server.stop()
    expect(told(collector) == list(range(600)), "what was queued", len(told(collector)))
    for refused in ((503, {}), (503, {"Retry-After": "60"})):
        collector = Collector(refuse=lambda _, refused=refused: refused)
        with serving(program, "--otlp", collector.url) as server:
            traced(server, range(600))
            wait_for(lambda: collector.tries, "it is refused")
            begun = time.monotonic()
            server.stop()
            expect(time.monotonic() - begun < 12, "the end has a bound", refused, time.monotonic() - begun)
            expect(len(collector.tries) < 12, "tries without a pause", collector.tries)


def check_reader_gone(program):
    """Who reads the log may go; the server stays."""
    with serving(program) as server:
        server.process.stderr.close()
        for _ in range(20):
            expect(server.ask("GET", "/health")[0] == 200, "a request after the log's reader went")
        time.sleep(0.2)
        expect(server.process.poll() is None, "the server went with its log's reader")
        expect(metrics(server)["parvis_log_lines_dropped_total"] > 0, "lines that nobody reads are counted")
        server.process.terminate()
        server.process.wait(30)


def main():
    program = sys.argv[1]
    collector = Collector()
    environment = {"OTEL_EXPORTER_OTLP_HEADERS": f"X-Collector-Key={SECRET}"}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(program, "--otlp", collector.url, "--log",
                                             "{data}/requests.log", environment=environment))
        log = server.folder / "data" / "requests.log"
        span, answer = check_answer(server)
        check_log(server, log, answer)
        check_metrics(server, answer)
        check_spans(server, collector, span, answer)
        check_refused(server, log)
        check_records(server)
        scraped = server.ask("GET", "/metrics")[2].decode()
        said = server.stop()
        text = answer["choices"][0]["text"].strip()
        for where in (log.read_text(), scraped, said, json.dumps(collector.bodies)):
            for secret in (SECRET, SECRET.upper(), server.key, text):
                expect(secret not in where, "it tells what it must not", secret, where[:2000])
        expect(os.stat(log).st_mode & 0o077 == 0, "others can read the log")
    check_stuck(program)
    check_refuses_first(program)
    check_away(program)
    check_end(program)
    check_reader_gone(program)
    print("telemetry holds")


if __name__ == "__main__":
    main()
