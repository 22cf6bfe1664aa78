#include "parvis/grammar/formats.h"

#include <map>

namespace parvis::grammar {
namespace {

std::string Either(const std::string& a, const std::string& b) { return "(" + a + "|" + b + ")"; }

std::string Date() {
  const std::string year = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)";
  const std::string leap_year =
      "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)";
  const std::string day =
      "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
      "|02-(0[1-9]|1[0-9]|2[0-8]))";
  return Either(year + "-" + day, leap_year + "-02-29");
}

std::string Time() {
  const std::string clock = "([01][0-9]|2[0-3]):[0-5][0-9]";
  return clock + ":[0-5][0-9](\\.[0-9]+)?([zZ]|[+-]" + clock + ")";
}

std::string Duration() {
  const std::string n = "[0-9]+";
  const std::string second = n + "S", minute = n + "M(" + second + ")?";
  const std::string hour = n + "H(" + minute + ")?";
  const std::string time = "T(" + hour + "|" + minute + "|" + second + ")";
  const std::string day = n + "D", month = n + "M(" + day + ")?", year = n + "Y(" + month + ")?";
  return "P((" + year + "|" + month + "|" + day + ")(" + time + ")?|" + time + "|" + n + "W)";
}

std::string Host() {
  const std::string label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
  return label + "(\\." + label + ")*";
}

std::string Ipv4() {
  const std::string part = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
  return part + "(\\." + part + "){3}";
}

// RFC 4291: eight groups; "::" stands for at least one; the last two may be written as IPv4.
std::string Ipv6() {
  const std::string group = "[0-9A-Fa-f]{1,4}";
  const std::string tail = Either(group + ":" + group, Ipv4());
  std::string all = "(" + group + ":){6}" + tail;
  const auto some = [&](int most) {  // groups before "::"
    return most == 0 ? std::string()
                     : "((" + group + ":){0," + std::to_string(most - 1) + "}" + group + ")?";
  };
  for (int after = 5; after >= 0; --after) {  // whole groups between "::" and the tail
    all += "|" + some(5 - after) + "::(" + group + ":){" + std::to_string(after) + "}" + tail;
  }
  all += "|" + some(6) + "::" + group + "|" + some(7) + "::";
  return "(" + all + ")";
}

std::string Email() {
  const std::string atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
  return atom + "(\\." + atom + ")*@" + Host();
}

// RFC 3986, appendix A.
std::string Uri() {
  const std::string common = "A-Za-z0-9._~!$&'()*+,;=", percent = "%[0-9A-Fa-f]{2}";
  const auto of = [&](const std::string& more) {
    return "([" + common + more + "-]|" + percent + ")";
  };
  const std::string authority =
      "(" + of(":") + "*@)?(\\[" + Ipv6() + "\\]|" + of("") + "*)(:[0-9]*)?";
  const std::string segments = "(/" + of(":@") + "*)*", first = of(":@") + "+" + segments;
  return "[A-Za-z][A-Za-z0-9+.-]*:(//" + authority + segments + "|/(" + first + ")?|" + first +
         "|)(\\?" + of(":@/?") + "*)?(#" + of(":@/?") + "*)?";
}

const std::map<std::string, std::string, std::less<>>& Formats() {
  static const auto& formats = *new std::map<std::string, std::string, std::less<>>{
      {"date", Date()},
      {"time", Time()},
      {"date-time", Date() + "[Tt]" + Time()},
      {"duration", Duration()},
      {"uuid", "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"},
      {"email", Email()},
      {"hostname", Host()},
      {"ipv4", Ipv4()},
      {"ipv6", Ipv6()},
      {"uri", Uri()},
  };
  return formats;
}

}  // namespace

std::optional<std::string> PatternOfFormat(std::string_view format) {
  const auto at = Formats().find(format);
  if (at == Formats().end()) return std::nullopt;
  return "^(?:" + at->second + ")$";
}

std::string FormatNames() {
  std::string names;
  for (const auto& [name, pattern] : Formats()) names += (names.empty() ? "" : ", ") + name;
  return names;
}

}  // namespace parvis::grammar
