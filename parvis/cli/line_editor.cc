// Line editing by libedit (BSD licence).

#include "parvis/cli/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <filesystem>

#include "parvis/cli/interrupt.h"

namespace parvis::cli {

struct LineEditor::Terminal {
  EditLine* edit = nullptr;
  History* history = nullptr;
  HistEvent event{};
  std::string history_path;
  std::string prompt;
  Typing* typing = nullptr;  // while a line is read
  std::mbstate_t decoder{};  // between the bytes of a character
  bool interrupted = false;  // this line, by Ctrl-C
  int input = STDIN_FILENO;

  // Of what libedit hands to its callbacks.
  static Terminal& Of(EditLine* edit) {
    void* data = nullptr;
    el_get(edit, EL_CLIENTDATA, &data);
    return *static_cast<Terminal*>(data);
  }
  static char* Prompt(EditLine* edit) { return Of(edit).prompt.data(); }
  static int ReadCharacter(EditLine* edit, wchar_t* character);
};

namespace {

constexpr int kHistoryEntries = 1000;
constexpr wchar_t kReplacement = 0xFFFD;
constexpr size_t kNotUtf8 = static_cast<size_t>(-1), kMoreToCome = static_cast<size_t>(-2);

// Ctrl-C also makes the kernel drop the keys that we were just told of, and a read that waits would
// then wait for the next one before anybody learns of Ctrl-C. So we read without waiting, through a
// descriptor of our own: of the one that we were given others may hold copies. -1: none to be had.
int OpenWithoutWaiting() {
  char name[PATH_MAX];
  if (ttyname_r(STDIN_FILENO, name, sizeof(name)) != 0) return -1;
  return open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

}  // namespace

// In place of libedit's own reader, which takes a read that a signal broke off for a mishap and
// reads again, and does not see a signal that comes just before it reads.
// Returns 1 with a character, 0 at the end, -1 with errno at Ctrl-C and at an error.
int LineEditor::Terminal::ReadCharacter(EditLine* edit, wchar_t* character) {
  Terminal& t = Of(edit);
  for (;;) {
    if (!t.typing->Wait(t.input)) {
      t.interrupted = true;
      t.decoder = {};
      errno = EINTR;
      return -1;
    }
    char byte = 0;
    const ssize_t count = read(t.input, &byte, 1);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) return static_cast<int>(count);
    size_t size = std::mbrtowc(character, &byte, 1, &t.decoder);
    if (size == kNotUtf8) {  // a broken character: another one may begin here
      t.decoder = {};
      size = std::mbrtowc(character, &byte, 1, &t.decoder);
    }
    if (size == kMoreToCome) continue;
    if (size == kNotUtf8) {
      t.decoder = {};
      *character = kReplacement;
    }
    return 1;
  }
}

LineEditor::LineEditor(std::string history_path) : terminal_(std::make_unique<Terminal>()) {
  // libedit wants to know how wide characters are; nothing else of the locale is used.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  Terminal& t = *terminal_;
  t.history_path = std::move(history_path);
  if (const int own = OpenWithoutWaiting(); own >= 0) t.input = own;
  t.edit = el_init("parvis", stdin, stderr, stderr);
  t.history = history_init();
  if (t.edit == nullptr || t.history == nullptr) return;
  history(t.history, &t.event, H_SETSIZE, kHistoryEntries);
  history(t.history, &t.event, H_SETUNIQUE, 1);
  if (!t.history_path.empty()) history(t.history, &t.event, H_LOAD, t.history_path.c_str());
  el_set(t.edit, EL_CLIENTDATA, &t);
  el_set(t.edit, EL_PROMPT, &Terminal::Prompt);
  el_set(t.edit, EL_GETCFN, &Terminal::ReadCharacter);
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
  if (t.input != STDIN_FILENO) close(t.input);
}

Typed LineEditor::Read(const std::string& prompt, std::string* line) {
  Terminal& t = *terminal_;
  line->clear();
  if (t.edit == nullptr || t.history == nullptr) return Typed::kEnd;
  t.prompt = prompt;
  t.interrupted = false;
  Typing typing;
  t.typing = &typing;
  // libedit itself takes the terminal over only after it has shown the prompt. What is typed in
  // between would be the kernel's to edit, whose Ctrl-C drops it before we have seen it.
  el_set(t.edit, EL_PREP_TERM, 1);
  int count = 0;
  const char* text = el_gets(t.edit, &count);
  t.typing = nullptr;
  if (t.interrupted) {
    const LineInfo* typed = el_line(t.edit);
    line->assign(typed->buffer, typed->lastchar);
    el_reset(t.edit);
    std::fputs("^C\n", stderr);
    TakeInterrupt();
    return Typed::kInterrupt;
  }
  if (text == nullptr || count <= 0) return Typed::kEnd;
  line->assign(text, static_cast<size_t>(count));
  while (!line->empty() && (line->back() == '\n' || line->back() == '\r')) line->pop_back();
  return Typed::kText;
}

void LineEditor::Remember(const std::string& line) {
  Terminal& t = *terminal_;
  if (!line.empty() && t.history != nullptr) history(t.history, &t.event, H_ENTER, line.c_str());
}

Typed ReadEntry(LineEditor& editor, const std::string& prompt, std::string* entry) {
  constexpr std::string_view kQuotes = "\"\"\"";
  const Typed first = editor.Read(prompt, entry);
  if (first != Typed::kText) return first;
  editor.Remember(*entry);
  if (!entry->starts_with(kQuotes)) return Typed::kText;
  entry->erase(0, kQuotes.size());
  for (;;) {
    // The closing quotes may end the first line too.
    if (entry->ends_with(kQuotes)) {
      entry->resize(entry->size() - kQuotes.size());
      return Typed::kText;
    }
    if (!entry->empty()) *entry += '\n';
    std::string line;
    const Typed next = editor.Read("... ", &line);
    *entry += line;
    if (next != Typed::kText) return next;
  }
}

}  // namespace parvis::cli
