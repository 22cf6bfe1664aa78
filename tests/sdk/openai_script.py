"""Every feature of OpenAI's API that Parvis has, through OpenAI's own Python package."""
import os
import time

import openai
import pydantic
from openai import OpenAI

client = OpenAI(base_url=os.environ["BASE_URL"] + "/v1", api_key=os.environ["KEY"])
HI = [{"role": "user", "content": "Hi"}]
ask = dict(model="chat", messages=HI, temperature=0)
tell = dict(model="fable", prompt="Once upon a time", temperature=0)


def raises(kind, call, **facts):
    try:
        call()
    except kind as error:
        for name, value in facts.items():
            assert getattr(error, name) == value, (name, getattr(error, name), value)
        return
    raise AssertionError(f"no {kind.__name__}")


def models():
    names = [m.id for m in client.models.list()]
    assert {"fable", "chat", "bert"} <= set(names), names
    assert client.models.retrieve("fable").object == "model"
    raises(openai.NotFoundError, lambda: client.models.retrieve("nobody"), status_code=404)


def completions():
    whole = client.completions.create(**tell, max_tokens=12)
    assert whole.object == "text_completion" and whole.usage.completion_tokens == 12, whole
    assert whole.choices[0].finish_reason == "length"
    told = list(client.completions.create(**tell, max_tokens=12, stream=True,
                                          stream_options={"include_usage": True}))
    assert "".join(c.text for t in told for c in t.choices) == whole.choices[0].text
    assert told[-1].usage.completion_tokens == 12 and not told[-1].choices
    two = client.completions.create(model="fable", prompt=["The cat", "Le chat"], max_tokens=3, n=2, seed=7)
    assert [c.index for c in two.choices] == [0, 1, 2, 3]
    echo = client.completions.create(**tell, max_tokens=3, echo=True).choices[0]
    assert echo.text.strip().startswith("Once upon a time"), echo
    likely = client.completions.create(**tell, max_tokens=3, logprobs=2).choices[0].logprobs
    assert len(likely.tokens) == 3 and len(likely.top_logprobs[0]) >= 2, likely
    best = client.completions.create(model="fable", prompt=[1, 2, 3], max_tokens=3, best_of=3, seed=1)
    assert len(best.choices) == 1
    word = whole.choices[0].text.split()[2]
    stopped = client.completions.create(**tell, max_tokens=12, stop=[word]).choices[0]
    assert stopped.finish_reason == "stop" and word not in stopped.text


def chat():
    whole = client.chat.completions.create(**ask, max_completion_tokens=8, logprobs=True, top_logprobs=2)
    assert whole.object == "chat.completion" and whole.choices[0].message.role == "assistant"
    assert len(whole.choices[0].logprobs.content[0].top_logprobs) == 2
    told = list(client.chat.completions.create(**ask, max_tokens=8, stream=True))
    assert told[0].choices[0].delta.role == "assistant"
    assert "".join(c.choices[0].delta.content or "" for c in told) == whole.choices[0].message.content
    assert told[-1].choices[0].finish_reason == "length"
    said = whole.choices[0].message.content
    word = said.split()[2]
    with client.chat.completions.stream(**ask, max_tokens=8, stop=word) as stream:
        kinds = {event.type for event in stream}
        assert {"chunk", "content.delta"} <= kinds, kinds
        assert stream.get_final_completion().choices[0].message.content == said[:said.index(word)]
    several = client.chat.completions.create(model="chat", messages=HI, n=2, seed=3, max_tokens=3,
                                             logit_bias={"5": -100}, presence_penalty=0.5,
                                             frequency_penalty=0.5, top_p=0.9, user="u")
    assert len(several.choices) == 2


class Cat(pydantic.BaseModel):
    name: str = pydantic.Field(pattern="^(Tom|Kit)$")
    old: bool


def forms():
    any_object = client.chat.completions.create(**ask, max_tokens=4, response_format={"type": "json_object"})
    assert any_object.choices[0].message.content.startswith("{")
    parsed = client.chat.completions.parse(**ask, max_tokens=60, response_format=Cat)
    assert parsed.choices[0].message.parsed.name in ("Tom", "Kit"), parsed
    raises(openai.BadRequestError, lambda: client.chat.completions.create(
        **ask, response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "king"}}}),
        param="response_format.json_schema.schema")


TOOL = {"type": "function", "function": {"name": "look_up", "description": "Looks up", "parameters": {
    "type": "object", "properties": {"city": {"enum": ["Paris", "Rome"]}}, "required": ["city"]}}}


def tools():
    whole = client.chat.completions.create(**ask, max_tokens=60, tools=[TOOL], tool_choice="required")
    call = whole.choices[0].message.tool_calls[0]
    assert whole.choices[0].finish_reason == "tool_calls" and call.function.name == "look_up"
    with client.chat.completions.stream(**ask, max_tokens=60, tools=[TOOL], tool_choice="required") as stream:
        for _ in stream:
            pass
        streamed = stream.get_final_completion().choices[0].message.tool_calls[0]
        assert streamed.function.arguments == call.function.arguments, streamed
    after = HI + [whole.choices[0].message.model_dump(include={"role", "content", "tool_calls"}),
                  {"role": "tool", "tool_call_id": call.id, "content": "rain"}]
    assert client.chat.completions.create(model="chat", messages=after, tools=[TOOL], tool_choice="none",
                                          max_tokens=2).choices[0].message.content


def responses():
    asked = dict(model="chat", input="Hi", temperature=0, max_output_tokens=12)
    whole = client.responses.create(**asked)
    assert whole.status == "incomplete" and whole.incomplete_details.reason == "max_output_tokens", whole
    assert whole.usage.output_tokens == 12 and whole.output_text
    with client.responses.stream(**asked) as stream:
        told = list(stream)
    assert "".join(e.delta for e in told if e.type == "response.output_text.delta") == whole.output_text
    assert [e.sequence_number for e in told] == sorted({e.sequence_number for e in told})
    assert told[-1].type == "response.incomplete" and told[0].type == "response.created"
    assert client.responses.retrieve(whole.id).output_text == whole.output_text
    items = list(client.responses.input_items.list(whole.id))
    assert items[0].content[0].text == "Hi", items
    onward = client.responses.create(**asked | {"input": "And?"}, previous_response_id=whole.id)
    assert onward.usage.input_tokens > whole.usage.input_tokens
    count = client.responses.input_tokens.count(model="chat", input="And?", previous_response_id=whole.id)
    assert count.input_tokens == onward.usage.input_tokens
    client.responses.delete(whole.id)
    raises(openai.NotFoundError, lambda: client.responses.retrieve(whole.id))
    raises(openai.BadRequestError, lambda: client.responses.create(**asked, previous_response_id=whole.id),
           code="previous_response_not_found")
    parsed = client.responses.parse(**asked | {"max_output_tokens": 60}, text_format=Cat)
    assert parsed.output_parsed.name in ("Tom", "Kit"), parsed
    tool = {"type": "function", **TOOL["function"], "strict": False}
    forced = asked | dict(max_output_tokens=60, tools=[tool], tool_choice="required")
    call = client.responses.create(**forced).output[0]
    assert (call.type, call.name) == ("function_call", "look_up"), call
    with client.responses.stream(**forced) as stream:
        kinds = [e.type for e in stream]
        assert stream.get_final_response().output[0].arguments == call.arguments
    assert kinds[2:6] == ["response.output_item.added", "response.function_call_arguments.delta",
                          "response.function_call_arguments.done", "response.output_item.done"], kinds
    after = HI + [call, {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}]
    assert client.responses.create(**asked | {"input": after, "max_output_tokens": 2}, store=False).output_text


def background():
    asked = dict(model="chat", input="Hi", temperature=0, max_output_tokens=12)
    whole = client.responses.create(**asked)
    begun = client.responses.create(**asked, background=True)
    assert begun.status == "queued" and begun.background, begun
    while begun.status in ("queued", "in_progress"):
        time.sleep(0.05)
        begun = client.responses.retrieve(begun.id)
    assert begun.output_text == whole.output_text and begun.usage == whole.usage, (begun, whole)
    told = list(client.responses.retrieve(begun.id, stream=True))
    assert told[0].type == "response.created" and told[-1].response.output_text == whole.output_text, told
    assert "".join(e.delta for e in told if e.type == "response.output_text.delta") == whole.output_text
    rest = list(client.responses.retrieve(begun.id, stream=True, starting_after=2))
    assert [e.sequence_number for e in rest] == [e.sequence_number for e in told][3:], rest
    story = client.responses.create(model="chat", input="Tell me a story.", background=True)
    assert client.responses.cancel(story.id).status == "cancelled"
    many = [{"role": "user", "content": f"Message {i} of many that are too long."} for i in range(60)]
    raises(openai.BadRequestError, lambda: client.responses.create(**asked | {"input": many}),
           code="context_length_exceeded")
    raw = client.responses.with_raw_response.create(**asked | {"input": many}, truncation="auto")
    assert 0 < int(raw.headers["x-parvis-dropped-messages"]) < 60 and raw.parse().truncation == "auto", raw.headers


def embeddings():
    packed = client.embeddings.create(model="bert", input=["Hello", "World"])  # base64 on the wire
    plain = client.embeddings.create(model="bert", input=["Hello", "World"], encoding_format="float")
    for a, b in zip(packed.data, plain.data):
        assert max(abs(x - y) for x, y in zip(a.embedding, b.embedding)) < 1e-6
    assert len(client.embeddings.create(model="bert", input="Hi", dimensions=4).data[0].embedding) == 4


def errors():
    other = OpenAI(base_url=os.environ["BASE_URL"] + "/v1", api_key="pv-wrong")
    raises(openai.AuthenticationError, lambda: other.models.list(), code="invalid_api_key")
    raises(openai.NotFoundError, lambda: client.completions.create(model="nobody", prompt="a"),
           code="model_not_found")
    raises(openai.BadRequestError, lambda: client.chat.completions.create(**ask | {"temperature": 3}),
           param="temperature")
    raises(openai.BadRequestError, lambda: client.completions.create(model="fable", prompt="a", max_tokens=10**6),
           code="context_length_exceeded")
    raises(openai.InternalServerError, lambda: client.moderations.create(input="a"), status_code=501)
    raw = client.completions.with_raw_response.create(**tell, max_tokens=1)
    assert raw.request_id.startswith("req_") and raw.parse().choices


for feature in (models, completions, chat, forms, tools, responses, background, embeddings, errors):
    feature()
    print(f"openai {openai.__version__}: {feature.__name__}")
