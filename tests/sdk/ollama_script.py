"""Every feature of Ollama's API that Parvis has, through Ollama's own Python package."""
import json
import os

import ollama

client = ollama.Client(host=os.environ["BASE_URL"], headers={"Authorization": "Bearer " + os.environ["KEY"]})
HI = [{"role": "user", "content": "Hi"}]
SCHEMA = {"type": "object", "properties": {"cat": {"enum": ["Tom", "Kit"]}}, "required": ["cat"],
          "additionalProperties": False}
CALL = {"type": "object", "properties": {"name": {"const": "switch"}, "arguments": {
    "type": "object", "properties": {"on": {"const": True}}, "required": ["on"],
    "additionalProperties": False}}, "required": ["name", "arguments"], "additionalProperties": False}


def switch(on: bool) -> str:
    """Switches.

    Args:
      on: whether on
    """
    return str(on)


def generate():
    asked = dict(model="fable", prompt="Once upon a time", options={"temperature": 0, "num_predict": 12})
    whole = client.generate(**asked)
    assert whole.done and whole.done_reason == "length" and whole.eval_count == 12, whole
    told = list(client.generate(**asked, stream=True))
    assert "".join(t.response for t in told) == whole.response and told[-1].done
    formed = client.generate(**asked | {"options": {"temperature": 0}}, format=SCHEMA)
    assert json.loads(formed.response)["cat"] in ("Tom", "Kit"), formed
    raw = client.generate(model="chat", prompt="Once", raw=True, options={"num_predict": 1}, keep_alive="1m")
    assert raw.prompt_eval_count > 0


def chat():
    asked = dict(model="chat", messages=HI, options={"temperature": 0, "num_predict": 8})
    whole = client.chat(**asked)
    assert whole.message.role == "assistant" and whole.eval_count == 8, whole
    assert "".join(t.message.content for t in client.chat(**asked, stream=True)) == whole.message.content
    assert client.chat(**asked, format="json").message.content.startswith("{")


def tools():
    asked = dict(model="chat", messages=HI, tools=[switch], options={"temperature": 0}, format=CALL)
    whole = client.chat(**asked)
    call = whole.message.tool_calls[0].function
    assert call.name == "switch" and call.arguments == {"on": True} and not whole.message.content, whole
    told = [t for t in client.chat(**asked, stream=True) if t.message.tool_calls]
    assert told[0].message.tool_calls[0].function.arguments == {"on": True}
    after = HI + [whole.message, {"role": "tool", "content": switch(**call.arguments), "tool_name": "switch"}]
    client.chat(model="chat", messages=after, options={"num_predict": 2})


def embeddings():
    found = client.embed(model="bert", input=["Hello", "World"])
    assert len(found.embeddings) == 2
    assert client.embeddings(model="bert", prompt="Hello").embedding == found.embeddings[0]


def models():
    assert "fable:latest" in [m.model for m in client.list().models]
    assert client.show("chat").details.family and "chat:latest" in [m.model for m in client.ps().models]
    client.generate(model="fable", keep_alive=0)


def errors():
    for call, status in ((lambda: client.chat(model="nobody", messages=HI), 404),
                         (lambda: client.chat(model="fable", messages=HI), 400),
                         (lambda: ollama.Client(host=os.environ["BASE_URL"]).list(), 401)):
        try:
            call()
        except ollama.ResponseError as error:
            assert error.status_code == status and error.error, error
        else:
            raise AssertionError(status)


for feature in (generate, chat, tools, embeddings, models, errors):
    feature()
    print(f"ollama: {feature.__name__}")
