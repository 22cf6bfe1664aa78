// Every feature of OpenAI's API that Parvis has, through OpenAI's own npm package.
// BASE_URL, KEY and PACKAGE (the folder of the package) come from the environment.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const require = createRequire(process.env.PACKAGE + '/');
const OpenAI = require('openai').default ?? require('openai');
const {version} = JSON.parse(readFileSync(process.env.PACKAGE + '/node_modules/openai/package.json'));
const client = new OpenAI({baseURL: process.env.BASE_URL + '/v1', apiKey: process.env.KEY});
const messages = [{role: 'user', content: 'Hi'}];
const ask = {model: 'chat', messages, temperature: 0};
const tell = {model: 'fable', prompt: 'Once upon a time', temperature: 0};

async function all(stream) {
  const told = [];
  for await (const one of stream) told.push(one);
  return told;
}

async function models() {
  const names = (await all(client.models.list())).map((m) => m.id);
  assert(names.includes('fable') && names.includes('chat'), String(names));
  assert.equal((await client.models.retrieve('fable')).object, 'model');
}

async function completions() {
  const whole = await client.completions.create({...tell, max_tokens: 12});
  assert.equal(whole.usage.completion_tokens, 12);
  const told = await all(await client.completions.create(
      {...tell, max_tokens: 12, stream: true, stream_options: {include_usage: true}}));
  assert.equal(told.flatMap((t) => t.choices).map((c) => c.text).join(''), whole.choices[0].text);
  assert.equal(told.at(-1).usage.completion_tokens, 12);
  const two = await client.completions.create({model: 'fable', prompt: ['The cat', 'Le chat'], max_tokens: 3, n: 2});
  assert.deepEqual(two.choices.map((c) => c.index), [0, 1, 2, 3]);
  const echo = await client.completions.create({...tell, max_tokens: 3, echo: true});
  assert(echo.choices[0].text.trim().startsWith('Once upon a time'));
  const likely = await client.completions.create({...tell, max_tokens: 3, logprobs: 2});
  assert.equal(likely.choices[0].logprobs.tokens.length, 3);
}

async function chat() {
  const whole = await client.chat.completions.create({...ask, max_tokens: 8, logprobs: true, top_logprobs: 2});
  assert.equal(whole.choices[0].logprobs.content[0].top_logprobs.length, 2);
  const told = await all(await client.chat.completions.create({...ask, max_tokens: 8, stream: true}));
  assert.equal(told.map((c) => c.choices[0].delta.content ?? '').join(''), whole.choices[0].message.content);
  const api = client.chat.completions.stream ? client.chat.completions : client.beta.chat.completions;
  const runner = api.stream({...ask, max_tokens: 8});
  assert.equal((await runner.finalChatCompletion()).choices[0].message.content, whole.choices[0].message.content);
}

async function forms() {
  const schema = {
    type: 'object', properties: {name: {enum: ['Tom', 'Kit']}}, required: ['name'], additionalProperties: false};
  const formed = await client.chat.completions.create(
      {...ask, max_tokens: 120, response_format: {type: 'json_schema', json_schema: {name: 'cat', strict: true, schema}}});
  assert(['Tom', 'Kit'].includes(JSON.parse(formed.choices[0].message.content).name));
  const loose = await client.chat.completions.create({...ask, max_tokens: 4, response_format: {type: 'json_object'}});
  assert(loose.choices[0].message.content.startsWith('{'));
}

async function tools() {
  const tool = {type: 'function', function: {name: 'look_up', parameters: {
    type: 'object', properties: {city: {enum: ['Paris', 'Rome']}}, required: ['city']}}};
  const forced = {...ask, max_tokens: 60, tools: [tool], tool_choice: 'required'};
  const whole = await client.chat.completions.create(forced);
  const call = whole.choices[0].message.tool_calls[0];
  assert.equal(whole.choices[0].finish_reason, 'tool_calls');
  assert.equal(call.function.name, 'look_up');
  const told = await all(await client.chat.completions.create({...forced, stream: true}));
  const parts = told.flatMap((t) => t.choices[0].delta.tool_calls ?? []);
  assert.equal(parts.map((p) => p.function.arguments).join(''), call.function.arguments);
  const after = [...messages, whole.choices[0].message, {role: 'tool', tool_call_id: call.id, content: 'rain'}];
  assert((await client.chat.completions.create({model: 'chat', messages: after, max_tokens: 2})).choices.length === 1);
}

async function responses() {
  const asked = {model: 'chat', input: 'Hi', temperature: 0, max_output_tokens: 12};
  const whole = await client.responses.create(asked);
  assert.equal(whole.incomplete_details.reason, 'max_output_tokens');
  assert(whole.output_text.length > 0);
  const told = await all(await client.responses.create({...asked, stream: true}));
  assert.equal(told.filter((e) => e.type === 'response.output_text.delta').map((e) => e.delta).join(''),
               whole.output_text);
  assert.equal(told.at(-1).type, 'response.incomplete');
  assert.equal((await client.responses.retrieve(whole.id)).id, whole.id);
  const items = await all(client.responses.inputItems.list(whole.id));
  assert.equal(items[0].content[0].text, 'Hi');
  const onward = await client.responses.create({...asked, input: 'And?', previous_response_id: whole.id});
  assert(onward.usage.input_tokens > whole.usage.input_tokens);
  await (client.responses.delete ?? client.responses.del).call(client.responses, whole.id);
  await assert.rejects(client.responses.retrieve(whole.id), OpenAI.NotFoundError);
}

async function embeddings() {
  const packed = await client.embeddings.create({model: 'bert', input: ['Hello', 'World']});
  const plain = await client.embeddings.create({model: 'bert', input: ['Hello', 'World'], encoding_format: 'float'});
  plain.data.forEach((one, i) => one.embedding.forEach(
      (x, j) => assert(Math.abs(x - packed.data[i].embedding[j]) < 1e-6)));
}

async function errors() {
  const other = new OpenAI({baseURL: process.env.BASE_URL + '/v1', apiKey: 'pv-wrong'});
  await assert.rejects(other.models.list(), OpenAI.AuthenticationError);
  await assert.rejects(client.completions.create({model: 'nobody', prompt: 'a'}), OpenAI.NotFoundError);
  await assert.rejects(client.chat.completions.create({...ask, temperature: 3}),
                       (e) => e instanceof OpenAI.BadRequestError && e.param === 'temperature');
  await assert.rejects(client.moderations.create({input: 'a'}), (e) => e.status === 501);
}

for (const feature of [models, completions, chat, forms, tools, responses, embeddings, errors]) {
  await feature();
  console.log(`npm openai ${version}: ${feature.name}`);
}
