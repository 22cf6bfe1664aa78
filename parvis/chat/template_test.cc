#include "parvis/chat/template.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "parvis/chat/json_value.h"
#include "parvis/chat/test_support.h"

namespace parvis::chat {
namespace {

// What is left of a template's text with the caller's in brackets.
std::string Marked(const std::string& source, const std::string& variables) {
  const auto text = RenderText(source, variables);
  if (!text.ok()) return text.status().message();
  std::string out;
  size_t at = 0;
  for (const ByteRange& range : text->caller) {
    out += text->bytes.substr(at, range.begin - at) + "[" +
           text->bytes.substr(range.begin, range.end - range.begin) + "]";
    at = range.end;
  }
  return out + text->bytes.substr(at);
}

TEST(ChatTemplate, KnowsWhatTheCallerWrote) {
  const std::string given =
      R"({"x": "Hi, you ", "l": ["a", "b"], "n": 7, "d": {"k": "v"}, "q": "\"\n"})";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"<{{ x }}>", "<[Hi, you ]>"},
      {"{{ 'a' + x + 'b' }}", "a[Hi, you ]b"},
      {"{{ 'a' ~ x ~ n }}", "a[Hi, you ]7"},
      {"{{ x | trim }}|{{ x.strip() }}|{{ x.rstrip('u ') }}", "[Hi, you]|[Hi, you]|[Hi, yo]"},
      {"{{ ('<' ~ x)[0:3] }}{{ x[::-1] }}{{ ('<' ~ x ~ '>')[::-1] }}", "<[Hi uoy ,iH]>[ uoy ,iH]<"},
      {"{{ x.split(', ')[1] }}{{ x.split() }}", "[you ]['[Hi,]', '[you]']"},
      {"{{ x | replace('Hi', 'Lo') }}{{ 'Hi.' | replace('Hi', x) }}", "Lo[, you Hi, you ]."},
      {"{{ l | join('-') }}{{ '-'.join(l) }}{{ [1, 2] | join(l[0]) }}", "[a]-[ba]-[b]1[a]2"},
      {"{{ ('<' ~ x) | upper }}{{ x | lower }}{{ x | title }}{{ x | capitalize }}",
       "<[HI, YOU hi, you Hi, You Hi, you ]"},
      {"{{ '%s|%5s|%r' % (x, l[0], l[1]) }}", "[Hi, you ]|    [a]|'[b]'"},
      {"{{ '{}={a}'.format(x, a=l[0]) }}", "[Hi, you ]=[a]"},
      {"{{ d | tojson }}{{ q | tojson }}{{ d }}{{ l }}",
       R"({"[k]": "[v]"}"[\"\n]"{'[k]': '[v]'}['[a]', '[b]'])"},
      {"{% set b %}<{{ x }}>{% endset %}{{ b }}{% filter upper %}b{{ x }}{% endfilter %}",
       "<[Hi, you ]>B[HI, YOU ]"},
      {"{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(x) }}{% for c in 'a' ~ l[0] %}{{ c }}{% endfor "
       "%}",
       "<[Hi, you ]>a[a]"},
      {"{{ ('a\\n' ~ x) | indent(2) }}{{ x | center(12) }}{{ x | truncate(5, true, '…', 0) }}",
       "a\n  [Hi, you ]  [Hi, you ]  [Hi, ]…"},
      {"{{ x.partition(',')[2] }}{{ x.removeprefix('Hi') }}{{ l | sort(reverse=true) | first }}",
       "[ you , you b]"},
      {"{{ '<&' ~ x | escape }}", "<&[Hi, you ]"},
      {"{{ x ~ ('<' | escape) ~ (q | escape) }}", "[Hi, you ]&lt;[&#34;\n]"},
      {"{% set ns = namespace(t='') %}{% for i in l %}{% set ns.t = ns.t ~ i ~ ',' %}{% endfor "
       "%}{{ ns.t }}",
       "[a],[b],"},
      {"{{ l | map('upper') | join }}{{ dict(a=x).a }}{{ x if x else 'no' }}{{ nope | default(x) "
       "}}",
       "[ABHi, you Hi, you Hi, you ]"},
  };
  for (const auto& [source, expected] : cases) EXPECT_EQ(Marked(source, given), expected) << source;
}

struct Bad {
  const char* source;
  const char* message;  // what follows "chat template, "
};

TEST(ChatTemplate, RefusesWithLineAndColumn) {
  const Bad cases[] = {
      {"a\n  {% if x %}", "line 2, column 13: 'endif' is wanted, not the end of the template"},
      {"{{ 'abc }}", "line 1, column 4: a string is not closed"},
      {"{{ a", "line 1, column 5: the template ends within a tag"},
      {"{# a", "line 1, column 1: a comment is not closed"},
      {"x{% raw %}{{", "line 1, column 2: a raw block is not closed"},
      {"{{ }}", "line 1, column 4: an expression is wanted, not '}}'"},
      {"{{ (1 }}", "line 1, column 7: '}' where ')' is wanted"},
      {"{{ 1) }}", "line 1, column 5: ')' closes nothing"},
      {"{% nope %}", "line 1, column 4: there is no tag 'nope'"},
      {"{% endfor %}", "line 1, column 4: 'endfor' belongs to no tag"},
      {"{% for x in y %}{% endif %}", "line 1, column 20: 'endfor' is wanted, not 'endif'"},
      {"{% include 'a' %}", "line 1, column 4: 'include': a chat template stands alone"},
      {"{% break %}", "line 1, column 4: 'break' outside of a loop"},
      {"{% for x in y recursive %}", "line 1, column 15: recursive loops are not supported"},
      {"é{{ a $ b }}", "line 1, column 7: '$' has no meaning here"},
      {"{% set 1 = 2 %}", "line 1, column 8: this cannot be assigned to"},
      {"{% set a = 99999999999999999999 %}", "line 1, column 12: a number that is too large"},
      {"{{ '\\ud800' }}", "line 1, column 4: an escape in a string is no character"},
      {"{% macro m(a, a) %}{% endmacro %}", "line 1, column 16: a parameter is named twice"},
      {"{{ f(a=1, 2) }}", "line 1, column 11: an argument without a name follows one with a name"},
      // While rendering.
      {"a\n\n {{ x + 1 }}", "line 3, column 7: 'x' is undefined"},
      {"{{ 1 / 0 }}", "line 1, column 6: a division by zero"},
      {"{{ 9223372036854775807 + 1 }}", "line 1, column 24: a number that is too large"},
      {"{{ 'a' | nope }}", "line 1, column 10: there is no filter 'nope'"},
      {"{{ 1 is nope }}", "line 1, column 6: there is no test 'nope'"},
      {"{{ raise_exception('no ' ~ 1) }}", "line 1, column 19: the template refuses: no 1"},
      {"{{ [].append(1) }}", "line 1, column 13: 'append' of a list is not for templates"},
      {"{{ ''.__class__.mro() }}", "line 1, column 16: '__class__' of a str is not for templates"},
      {"{{ range(9999999) }}", "line 1, column 9: a range that is too long"},
  };
  for (const Bad& bad : cases) {
    const auto text = RenderText(bad.source, "{}");
    ASSERT_FALSE(text.ok()) << bad.source;
    EXPECT_EQ(text.status().message(), std::string("chat template, ") + bad.message) << bad.source;
  }
}

TEST(ChatTemplate, RefusesWhatIsNoText) {
  EXPECT_FALSE(Template::Parse("a\xFF").ok());
  EXPECT_FALSE(Template::Parse(std::string(kMaxTemplateBytes + 1, 'a')).ok());
}

// Whatever a template does, it ends, soon and within its memory.
TEST(ChatTemplate, EndsWhateverItDoes) {
  const std::string nested = "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(99) %}";
  const char* cases[] = {
      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
      "{{ 'a' * 9223372036854775807 }}",
      "{{ [1] * 9223372036854775807 }}",
      "{{ ('a' * 1000000) | replace('', 'b' * 1000000) }}",
      "{{ 'a' | center(9223372036854775807) }}",
      "{{ 'a'.ljust(9999999999) }}",
      "{{ '%9999999999d' % 1 }}",
      "{{ [1] | tojson(indent=999999999) }}",
      "{{ strftime_now('é' * 1000) }}",
      "{{ range(100000) | map('string') | join('x' * 100000) }}",
      "{{ '\\t'.expandtabs(9999999999) }}",
      "{{ [1] | batch(9999999999, 0) | list }}",
      "{{ [1] | slice(9999999999) | list }}",
      "{{ 'a\\n' * 100000 | indent(1000000) }}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
      "{% macro m(n) %}{% call m(n) %}{% endcall %}{% endmacro %}{{ m(1) }}",
      "{% set ns = namespace(x=[]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor "
      "%}{{ ns.x }}",
      "{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = [ns.x, ns.x] %}{% "
      "endfor %}"
      "{{ ns.x == ns.x }}",
      "{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = [ns.x, ns.x] %}{% "
      "endfor %}"
      "{{ ns.x | tojson }}",
      "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}",
      "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = ns.x + [i] %}{% "
      "endfor %}",
      "{% for i in range(100000) %}{{ 'x' * 10000 }}{% endfor %}",
      "{{ ('a' * 100000 ~ 'b') * 100 in ('a' * 10000000) }}",
  };
  for (const char* source : cases) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(RenderText(source, "{}").ok()) << source;
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(taken.count(), 20.0) << source;  // with sanitizers; a release takes under a second
  }
  EXPECT_FALSE(
      RenderText(nested + "{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}", "{}").ok());
}

TEST(ChatTemplate, RefusesWhatIsNestedTooDeep) {
  const auto repeat = [](const std::string& part, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += part;
    return text;
  };
  for (const std::string& source :
       {"{{ " + repeat("(", 100000) + "1" + repeat(")", 100000) + " }}",
        "{{ " + repeat("[", 100000) + repeat("]", 100000) + " }}",
        "{{ " + repeat("not ", 100000) + "1 }}", "{{ " + repeat("-", 100000) + "1 }}",
        "{{ 1" + repeat(" + 1", 100000) + " }}", "{{ a" + repeat(".a", 100000) + " }}",
        "{{ a" + repeat("[0]", 100000) + " }}", "{{ a" + repeat(" | e", 100000) + " }}",
        "{{ a" + repeat("()", 100000) + " }}", "{{ 1" + repeat(" if 1 else 1", 50000) + " }}",
        repeat("{% if a %}", 50000), repeat("{% for a in b %}", 50000),
        repeat("{% macro a() %}", 50000), "{{ " + repeat("{1:", 100000) + " }}"}) {
    EXPECT_FALSE(RenderText(source, "{}").ok()) << source.substr(0, 40);
  }
  // Many names and branches: the scopes are found in bounded work, too.
  std::string names, branches;
  for (int i = 0; i < 20000; ++i) names += "{% set a" + std::to_string(i) + "=1 %}";
  for (int i = 0; i < 20000; ++i) branches += "{% if a %}{% endif %}";
  EXPECT_FALSE(RenderText(names + branches, "{}").ok());
}

// Twice the conversation takes no more than about twice the work: a limit in proportion to the
// input lets long ones through.
TEST(ChatTemplate, LongConversationsPass) {
  std::string messages = R"({"messages": [)";
  for (int i = 0; i < 2000; ++i) {
    messages += std::string(i > 0 ? "," : "") + R"({"role": "user", "content": ")" +
                std::string(1000, 'a') + "\"}";
  }
  messages += "]}";
  const auto text = RenderText(
      "{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim | replace('a', 'b') }}{% endfor "
      "%}",
      messages);
  ASSERT_TRUE(text.ok()) << text.status().message();
  EXPECT_EQ(text->bytes.size(), 2000u * 1008);
}

TEST(ChatTemplate, JsonKeepsOrderAndRefusesWhatDoesNotFit) {
  EXPECT_EQ(
      RenderText("{{ d | tojson }}", R"({"d": {"z": 1, "a": -0.5, "m": [true, null]}})")->bytes,
      R"({"z": 1, "a": -0.5, "m": [true, null]})");
  Heap heap(1 << 20);
  for (const char* json : {"18446744073709551615", "99999999999999999999", "{\"a\":1,\"a\":2}", "[",
                           "\"\\ud800\"", "\"\xFF\"", ""}) {
    EXPECT_FALSE(ReadJsonValue(json, heap).ok()) << json;
  }
}

}  // namespace
}  // namespace parvis::chat
