#include "parvis/store/postgres_sql.h"

#include <algorithm>
#include <cctype>

namespace parvis::store {
namespace {

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string_view TypeOf(std::string_view word) {
  if (word == "INTEGER") return "BIGINT";
  if (word == "BLOB") return "BYTEA";
  if (word == "STRICT") return "";
  return word;
}

// Where the quoted text or the comment that begins at `begin` is over; `begin` if neither does.
size_t EndOfQuiet(std::string_view sql, size_t begin) {
  const bool comment = sql.substr(begin, 2) == "--";
  if (sql[begin] != '\'' && !comment) return begin;
  const size_t end = sql.find(comment ? '\n' : '\'', begin + 1);
  return end == std::string_view::npos ? sql.size() : end + 1;
}

}  // namespace

std::string PostgresSql(std::string_view sql) {
  std::string text;
  text.reserve(sql.size());
  for (size_t i = 0; i < sql.size();) {
    if (const size_t end = EndOfQuiet(sql, i); end > i) {
      text += sql.substr(i, end - i);
      i = end;
    } else if (IsWord(sql[i])) {
      const auto* const last = std::find_if_not(sql.begin() + i, sql.end(), IsWord);
      const std::string_view word(sql.begin() + i, last);
      text += TypeOf(word);
      i += word.size();
    } else {
      text += sql[i] == '?' ? '$' : sql[i];
      ++i;
    }
  }
  return text;
}

}  // namespace parvis::store
