#include "parvis/data/personal.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace parvis::data {
namespace {

using Kind = PersonalKind;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsAlpha(char c) { return IsUpper(c) || (c >= 'a' && c <= 'z'); }
bool IsWord(char c) {
  return IsDigit(c) || IsAlpha(c) || c == '_' || static_cast<unsigned char>(c) >= 128;
}
bool IsLocal(char c) {
  return IsDigit(c) || IsAlpha(c) || std::string_view("._%+-").find(c) != std::string_view::npos;
}
bool IsHost(char c) { return IsDigit(c) || IsAlpha(c) || c == '.' || c == '-'; }

bool WordBefore(std::string_view text, size_t at) { return at > 0 && IsWord(text[at - 1]); }
bool WordAt(std::string_view text, size_t at) { return at < text.size() && IsWord(text[at]); }

// An address around the "@" at `at`; local parts of up to 64 bytes, hosts of up to 255 (RFC 5321).
std::optional<PersonalFinding> EmailAt(std::string_view text, size_t at) {
  size_t begin = at, end = at + 1;
  while (begin > 0 && at - begin < 64 && IsLocal(text[begin - 1])) --begin;
  while (begin < at && (text[begin] == '.' || text[begin] == '-')) ++begin;
  while (end < text.size() && end - at < 256 && IsHost(text[end])) ++end;
  while (end > at + 1 && !IsDigit(text[end - 1]) && !IsAlpha(text[end - 1])) --end;
  const std::string_view host = text.substr(at + 1, end - at - 1);
  const size_t dot = host.rfind('.');
  if (begin == at || WordBefore(text, begin) || dot == std::string_view::npos || dot == 0)
    return {};
  if (host.find("..") != std::string_view::npos || host[0] == '-') return {};
  const std::string_view top = host.substr(dot + 1);
  if (top.size() < 2 || !std::all_of(top.begin(), top.end(), IsAlpha)) return {};
  return PersonalFinding{Kind::kEmail, begin, end};
}

// Digits (and letters, if wanted) from `at` on, with single separators between; end: behind the
// last.
struct Run {
  std::string characters;
  std::vector<size_t> ends;  // in the text, behind each
  std::string separators;    // the distinct ones
};

Run RunFrom(std::string_view text, size_t at, size_t most, std::string_view separators,
            bool letters) {
  Run run;
  while (at < text.size() && run.characters.size() < most) {
    const char c = text[at];
    if (IsDigit(c) || (letters && IsAlpha(c))) {
      run.characters += c;
      run.ends.push_back(++at);
      continue;
    }
    const bool separator = separators.find(c) != std::string_view::npos && at + 1 < text.size() &&
                           (IsDigit(text[at + 1]) || (letters && IsAlpha(text[at + 1])));
    if (!separator) break;
    if (run.separators.find(c) == std::string::npos) run.separators += c;
    ++at;
  }
  return run;
}

// Lengths of the countries whose IBAN is most seen; others may have 15 to 34 characters.
size_t IbanLength(std::string_view country) {
  constexpr std::pair<std::string_view, size_t> kLengths[] = {
      {"AT", 20}, {"BE", 16}, {"BG", 22}, {"CH", 21}, {"CY", 28}, {"CZ", 24}, {"DE", 22},
      {"DK", 18}, {"EE", 20}, {"ES", 24}, {"FI", 18}, {"FR", 27}, {"GB", 22}, {"GR", 27},
      {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IS", 26}, {"IT", 27}, {"LI", 21}, {"LT", 20},
      {"LU", 20}, {"LV", 21}, {"MC", 27}, {"MT", 31}, {"NL", 18}, {"NO", 15}, {"PL", 28},
      {"PT", 25}, {"RO", 24}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"TR", 26}, {"AE", 23},
      {"IL", 23}, {"SA", 24}, {"TN", 24}, {"MA", 28}, {"BR", 29}, {"UA", 29}, {"RS", 22}};
  for (const auto& [name, length] : kLengths) {
    if (name == country) return length;
  }
  return 0;
}

// The remainder by 97 of the number that a text makes with its first four characters at its end and
// letters as 10 to 35.
int IbanRemainder(std::string_view iban) {
  int rest = 0;
  for (size_t i = 0; i < iban.size(); ++i) {
    const char c = iban[(i + 4) % iban.size()];
    rest = IsDigit(c) ? (rest * 10 + (c - '0')) % 97
                      : (rest * 100 + (std::toupper(c) - 'A' + 10)) % 97;
  }
  return rest;
}

std::optional<PersonalFinding> IbanAt(std::string_view text, size_t at) {
  if (at + 15 > text.size() || !IsUpper(text[at]) || !IsUpper(text[at + 1]) ||
      !IsDigit(text[at + 2]) || !IsDigit(text[at + 3]) || WordBefore(text, at)) {
    return {};
  }
  const Run run = RunFrom(text, at, 34, " -", true);
  const size_t known = IbanLength(text.substr(at, 2));
  for (size_t size = known > 0 ? known : 34; size >= (known > 0 ? known : 15); --size) {
    if (size > run.characters.size() || WordAt(text, run.ends[size - 1])) continue;
    if (IbanRemainder(std::string_view(run.characters).substr(0, size)) == 1) {
      return PersonalFinding{Kind::kIban, at, run.ends[size - 1]};
    }
  }
  return {};
}

bool Luhn(std::string_view digits) {
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    int d = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1 && (d *= 2) > 9) d -= 9;
    sum += d;
  }
  return sum % 10 == 0;
}

// Leading digits of the networks that issue cards.
bool IsIssuer(std::string_view digits) {
  if (digits.size() == 15 && (digits.starts_with("2131") || digits.starts_with("1800")))
    return true;
  const int two = (digits[0] - '0') * 10 + (digits[1] - '0');
  return digits[0] == '4' || (two >= 51 && two <= 55) || two == 34 || two == 37 || two == 36 ||
         two == 30 || two == 38 || two == 35 || two == 60 || two == 62 || two == 64 || two == 65 ||
         (two >= 22 && two <= 27) || two == 50 || (two >= 56 && two <= 58) || two == 63 ||
         two == 67;
}

std::optional<PersonalFinding> CardAt(std::string_view text, size_t at) {
  const Run run = RunFrom(text, at, 20, " -", false);
  const std::string& d = run.characters;
  if (d.size() < 12 || d.size() > 19 || run.separators.size() > 1) return {};
  if (WordAt(text, run.ends.back()) || !IsIssuer(d) || !Luhn(d)) return {};
  if (std::all_of(d.begin(), d.end(), [&](char c) { return c == d[0]; })) return {};
  return PersonalFinding{Kind::kCard, at, run.ends.back()};
}

// Sex, year, month, department (Corsica: 2A, 2B), commune, order, key: 97 less the rest by 97.
std::optional<PersonalFinding> NirAt(std::string_view text, size_t at) {
  if (text[at] != '1' && text[at] != '2') return {};
  const Run run = RunFrom(text, at, 15, " .-", true);
  const std::string& c = run.characters;
  if (c.size() < 15 || WordAt(text, run.ends[14])) return {};
  std::string digits = c;
  const char corsica = static_cast<char>(std::toupper(c[6]));
  if (c[5] == '2' && (corsica == 'A' || corsica == 'B')) {  // 2A counts as 19, 2B as 18
    digits[5] = '1';
    digits[6] = corsica == 'A' ? '9' : '8';
  }
  if (!std::all_of(digits.begin(), digits.end(), IsDigit)) return {};
  const int month = (c[3] - '0') * 10 + (c[4] - '0');
  if (!((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50)) return {};
  int64_t number = 0;
  for (size_t i = 0; i < 13; ++i) number = number * 10 + (digits[i] - '0');
  const int64_t key = (digits[13] - '0') * 10 + (digits[14] - '0');
  if (97 - number % 97 != key) return {};
  return PersonalFinding{Kind::kNir, at, run.ends[14]};
}

std::optional<PersonalFinding> PhoneAt(std::string_view text, size_t at) {
  const bool plus = text[at] == '+';
  const bool zeros = text.substr(at, 2) == "00";
  size_t first = plus ? at + 1 : at;
  if (plus && (first >= text.size() || text[first] < '1' || text[first] > '9')) return {};
  // "(0)" of "+33 (0)6 …" and brackets around an area are skipped.
  std::string digits;
  size_t end = first;
  char last = '0';
  std::string separators, pending;  // the distinct ones; those behind the last digit
  for (size_t i = first; i < text.size() && digits.size() <= 16; ++i) {
    const char c = text[i];
    if (IsDigit(c)) {
      digits += c;
      end = i + 1;
      for (const char separator : pending) {
        if (separators.find(separator) == std::string::npos) separators += separator;
      }
      pending.clear();
    } else if (std::string_view(" .-()/").find(c) == std::string_view::npos ||
               (!IsDigit(last) && c == last) || (!plus && (c == '(' || c == ')'))) {
      break;
    } else {
      pending += c;
    }
    last = c;
  }
  if (WordAt(text, end)) return {};
  if (plus || zeros) {
    const size_t count = digits.size() - (zeros ? 2 : 0);
    if (count < 8 || count > 15 || (zeros && (digits.size() < 3 || digits[2] == '0'))) return {};
    return PersonalFinding{Kind::kPhone, at, end};
  }
  // French: ten digits, by twos with one kind of separator or without any.
  if (digits.size() != 10 || digits[0] != '0' || digits[1] == '0' || separators.size() > 1)
    return {};
  const size_t size = end - at;
  if (separators.empty() ? size != 10 : size != 14) return {};
  for (size_t i = 2; !separators.empty() && i < 14; i += 3) {
    if (text[at + i] != separators[0]) return {};
  }
  return PersonalFinding{Kind::kPhone, at, end};
}

std::optional<PersonalFinding> Ipv4At(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && end - at < 16 && (IsDigit(text[end]) || text[end] == '.')) ++end;
  while (end > at && text[end - 1] == '.') --end;
  const std::string word(text.substr(at, end - at));
  in_addr address;
  if (std::count(word.begin(), word.end(), '.') != 3 || WordAt(text, end)) return {};
  if (at > 0 && text[at - 1] == '.') return {};  // of a version, or a path
  if (inet_pton(AF_INET, word.c_str(), &address) != 1) return {};
  const uint32_t first = ntohl(address.s_addr) >> 24;
  if (first == 0 || first == 127 || first >= 224) return {};
  return PersonalFinding{Kind::kIp, at, end};
}

std::optional<PersonalFinding> Ipv6At(std::string_view text, size_t at) {
  size_t end = at, colons = 0;
  while (end < text.size() && end - at < 46 &&
         (std::isxdigit(static_cast<unsigned char>(text[end])) != 0 || text[end] == ':')) {
    colons += text[end++] == ':';
  }
  while (end > at && text[end - 1] == ':' && !text.substr(at, end - at).ends_with("::")) --end;
  const std::string word(text.substr(at, end - at));
  in6_addr address;
  if (colons < 2 || word.size() < 7 || WordAt(text, end)) return {};
  if (inet_pton(AF_INET6, word.c_str(), &address) != 1) return {};
  return PersonalFinding{Kind::kIp, at, end};
}

std::optional<PersonalFinding> NumberAt(std::string_view text, size_t at) {
  if (auto found = NirAt(text, at)) return found;
  if (auto found = CardAt(text, at)) return found;
  if (auto found = Ipv4At(text, at)) return found;
  if (auto found = Ipv6At(text, at)) return found;
  return text[at] == '0' ? PhoneAt(text, at) : std::nullopt;
}

}  // namespace

std::vector<PersonalFinding> FindPersonal(std::string_view text) {
  std::vector<PersonalFinding> found;
  size_t free = 0;  // behind the last finding
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    std::optional<PersonalFinding> here;
    if (c == '@') {
      here = EmailAt(text, at);
      // It begins before; a number found in its local part was a part of it.
      while (here && !found.empty() && found.back().end > here->begin) {
        here->begin = std::min(here->begin, found.back().begin);
        found.pop_back();
      }
    } else if (at >= free && (at == 0 || !IsWord(text[at - 1]))) {
      if (IsDigit(c)) here = NumberAt(text, at);
      if (c == '+') here = PhoneAt(text, at);
      if (IsUpper(c)) here = IbanAt(text, at);
      if (!here && std::isxdigit(static_cast<unsigned char>(c)) != 0 && IsAlpha(c)) {
        here = Ipv6At(text, at);
      }
    }
    if (here) {
      found.push_back(*here);
      at = free = std::max(here->end, at + 1);
    } else {
      ++at;
    }
  }
  return found;
}

std::string MaskPersonal(std::string_view text, const std::vector<PersonalFinding>& findings,
                         const std::array<bool, kPersonalKinds>& masked) {
  std::string result;
  size_t at = 0;
  for (const PersonalFinding& finding : findings) {
    const auto kind = static_cast<size_t>(finding.kind);
    if (!masked[kind]) continue;
    result += text.substr(at, finding.begin - at);
    result += '[';
    for (const char c : kPersonalNames[kind]) result += static_cast<char>(std::toupper(c));
    result += ']';
    at = finding.end;
  }
  return result.append(text.substr(at));
}

}  // namespace parvis::data
