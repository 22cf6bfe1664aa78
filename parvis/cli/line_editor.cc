// Line editing by libedit (BSD licence).

#include "parvis/cli/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <filesystem>

#include "parvis/cli/console.h"

namespace parvis::cli {

struct LineEditor::Terminal {
  EditLine* edit = nullptr;
  History* history = nullptr;
  HistEvent event{};
  std::string history_path;
  std::string prompt;
};

namespace {

constexpr int kHistoryEntries = 1000;

}  // namespace

LineEditor::LineEditor(std::string history_path) : terminal_(std::make_unique<Terminal>()) {
  // libedit wants to know how wide characters are; nothing else of the locale is used.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  Terminal& t = *terminal_;
  t.history_path = std::move(history_path);
  t.edit = el_init("parvis", stdin, stderr, stderr);
  t.history = history_init();
  if (t.edit == nullptr || t.history == nullptr) return;
  history(t.history, &t.event, H_SETSIZE, kHistoryEntries);
  history(t.history, &t.event, H_SETUNIQUE, 1);
  if (!t.history_path.empty()) history(t.history, &t.event, H_LOAD, t.history_path.c_str());
  el_set(t.edit, EL_CLIENTDATA, &t);
  el_set(
      t.edit, EL_PROMPT, +[](EditLine* edit) -> char* {
        void* data = nullptr;
        el_get(edit, EL_CLIENTDATA, &data);
        return static_cast<Terminal*>(data)->prompt.data();
      });
  el_set(t.edit, EL_EDITOR, "emacs");
  el_set(t.edit, EL_SIGNAL, 0);
  el_set(t.edit, EL_HIST, &history, t.history);
  el_set(t.edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
}

LineEditor::~LineEditor() {
  Terminal& t = *terminal_;
  if (t.history != nullptr) {
    if (!t.history_path.empty()) {
      std::error_code error;
      std::filesystem::create_directories(std::filesystem::path(t.history_path).parent_path(),
                                          error);
      // What somebody typed is nobody else's business: made private before it is written.
      const int fd =
          open(t.history_path.c_str(), O_CREAT | O_CLOEXEC | O_WRONLY, S_IRUSR | S_IWUSR);
      if (fd >= 0) {
        close(fd);
        history(t.history, &t.event, H_SAVE, t.history_path.c_str());
      }
    }
    history_end(t.history);
  }
  if (t.edit != nullptr) el_end(t.edit);
}

std::optional<std::string> LineEditor::Read(const std::string& prompt) {
  Terminal& t = *terminal_;
  if (t.edit == nullptr || t.history == nullptr) return std::nullopt;
  t.prompt = prompt;
  for (;;) {
    ForgetInterrupt();
    int count = 0;
    const char* text = el_gets(t.edit, &count);
    if (text != nullptr && count > 0) {
      std::string line(text, static_cast<size_t>(count));
      while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
      return line;
    }
    if (!Interrupted()) return std::nullopt;
    std::fputc('\n', stderr);
    el_reset(t.edit);
  }
}

void LineEditor::Remember(const std::string& line) {
  Terminal& t = *terminal_;
  if (!line.empty() && t.history != nullptr) history(t.history, &t.event, H_ENTER, line.c_str());
}

std::optional<std::string> ReadEntry(LineEditor& editor, const std::string& prompt) {
  constexpr std::string_view kQuotes = "\"\"\"";
  auto line = editor.Read(prompt);
  if (!line) return std::nullopt;
  editor.Remember(*line);
  if (!line->starts_with(kQuotes)) return line;
  std::string entry = line->substr(kQuotes.size());
  for (;;) {
    // The closing quotes may end the first line too.
    if (entry.ends_with(kQuotes)) {
      entry.resize(entry.size() - kQuotes.size());
      return entry;
    }
    line = editor.Read("... ");
    if (!line) return std::nullopt;
    if (!entry.empty()) entry += '\n';
    entry += *line;
  }
}

}  // namespace parvis::cli
