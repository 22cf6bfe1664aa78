"""Every feature of Anthropic's API that Parvis has, through Anthropic's own Python package."""
import os
from typing import Literal

import anthropic
import pydantic
from anthropic import Anthropic

client = Anthropic(base_url=os.environ["BASE_URL"], api_key=os.environ["KEY"])
HI = [{"role": "user", "content": "Hi"}]
# The package no longer has a word for the temperature; the API does.
ask = dict(model="chat", messages=HI, max_tokens=8, extra_body={"temperature": 0})
TOOL = {"name": "look_up", "description": "Looks up", "input_schema": {
    "type": "object", "properties": {"city": {"enum": ["Paris", "Rome"]}}, "required": ["city"]}}


def raises(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def messages():
    whole = client.messages.create(**ask, system="Be brief.")
    assert whole.type == "message" and whole.stop_reason == "max_tokens", whole
    assert whole.usage.output_tokens == 8 and whole._request_id.startswith("req_")
    with client.messages.stream(**ask, system="Be brief.") as stream:
        assert "".join(stream.text_stream) == whole.content[0].text
        last = stream.get_final_message()
    assert last.content[0].text == whole.content[0].text and last.stop_reason == "max_tokens"
    assert last.usage.output_tokens == 8
    word = whole.content[0].text.split()[2]
    stopped = client.messages.create(**ask, system="Be brief.", stop_sequences=["#", word])
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", word), stopped
    raw = list(client.messages.create(**ask, stream=True))
    assert (raw[0].type, raw[-1].type) == ("message_start", "message_stop")


def counts():
    for more in ({}, {"system": "Be brief."}, {"tools": [TOOL]}):
        count = client.messages.count_tokens(model="chat", messages=HI, **more)
        assert count.input_tokens == client.messages.create(**ask, **more).usage.input_tokens, more


def tools():
    forced = ask | dict(max_tokens=60, tools=[TOOL], tool_choice={"type": "tool", "name": "look_up"})
    whole = client.messages.create(**forced)
    call = whole.content[0]
    assert whole.stop_reason == "tool_use" and call.type == "tool_use", whole
    assert call.name == "look_up" and call.input["city"] in ("Paris", "Rome")
    with client.messages.stream(**forced) as stream:
        pieces = [e.partial_json for e in stream if e.type == "input_json"]
        last = stream.get_final_message()
    assert pieces and last.content[0].input == call.input and last.stop_reason == "tool_use", last
    after = HI + [{"role": "assistant", "content": whole.content},
                  {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id,
                                                "content": "rain"}]}]
    assert client.messages.create(model="chat", max_tokens=2, messages=after, tools=[TOOL]).content


class Cat(pydantic.BaseModel):
    name: Literal["Tom", "Kit"]
    old: bool


def forms():
    parsed = client.messages.parse(**ask | {"max_tokens": 100}, output_format=Cat)
    assert parsed.parsed_output.name in ("Tom", "Kit"), parsed


def errors():
    other = Anthropic(base_url=os.environ["BASE_URL"], api_key="pv-wrong")
    raises(anthropic.AuthenticationError, lambda: other.messages.create(**ask))
    raises(anthropic.NotFoundError, lambda: client.messages.create(**ask | {"model": "nobody"}))
    error = raises(anthropic.BadRequestError, lambda: client.messages.create(**ask | {"max_tokens": 5000}))
    assert error.body["error"]["type"] == "invalid_request_error", error.body
    raises(anthropic.BadRequestError, lambda: client.messages.create(**ask, thinking={
        "type": "enabled", "budget_tokens": 1024}))


for feature in (messages, counts, tools, forms, errors):
    feature()
    print(f"anthropic {anthropic.__version__}: {feature.__name__}")
