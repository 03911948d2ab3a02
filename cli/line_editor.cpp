// SPDX-License-Identifier: Apache-2.0
#include "cli/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "cli/caret.h"
#include "hal/base/file_descriptor.h"
#include "mgmt/model/secrets.h"

namespace yoke::cli {
namespace {

constexpr int kHistorySize = 1000;
constexpr std::size_t kListedAtOnce = 60;  // candidates; more would scroll the question away

}  // namespace

struct LineEditor::State {
  Completer completer;
  std::string history_file;
  std::string prompt;
  EditLine* editor = nullptr;
  History* history = nullptr;

  static State& of(EditLine* editor) {
    void* self = nullptr;
    (void)::el_get(editor, EL_CLIENTDATA, &self);
    return *static_cast<State*>(self);
  }

  static char* draw_prompt(EditLine* editor) { return of(editor).prompt.data(); }

  [[nodiscard]] std::string line_to_cursor() const {
    const LineInfo* line = ::el_line(editor);
    return {line->buffer, line->cursor};
  }

  static unsigned char on_tab(EditLine* editor, int) {
    const State& self = of(editor);
    const Completion completion = self.completer(self.line_to_cursor());
    if (!completion.insert.empty()) {
      (void)::el_insertstr(editor, completion.insert.c_str());
      return CC_REFRESH;
    }
    self.list(completion);
    return CC_REDISPLAY;
  }

  // In quotes a question mark is text.
  static unsigned char on_question(EditLine* editor, int) {
    const State& self = of(editor);
    const std::string line = self.line_to_cursor();
    const Completion completion = self.completer(line);
    if (completion.error && completion.error->id == "E-107") {
      (void)::el_insertstr(editor, "?");
      return CC_REFRESH;
    }
    self.list(completion);
    return CC_REDISPLAY;
  }

  static unsigned char on_interrupt(EditLine* editor, int) {
    // The editor counts characters; asked to delete more than there are, it deletes none.
    const LineInfoW* line = ::el_wline(editor);
    const auto before = static_cast<int>(line->cursor - line->buffer);
    const auto behind = static_cast<int>(line->lastchar - line->cursor);
    (void)::el_cursor(editor, behind);
    ::el_deletestr(editor, before + behind);
    // A line without its newline would be the end of input.
    (void)::el_insertstr(editor, "\n");
    std::fputs("^C\n", stdout);
    (void)std::fflush(stdout);
    return CC_NEWLINE;
  }

  void list(const Completion& completion) const {
    std::fputs("\n", stdout);
    const auto lines = help_lines(completion);
    const std::size_t shown = std::min(lines.size(), kListedAtOnce);
    for (std::size_t i = 0; i < shown; ++i) std::fprintf(stdout, "%s\n", lines[i].c_str());
    if (shown < lines.size()) {
      std::fprintf(stdout, "  ... %zu more; type a letter or two\n", lines.size() - shown);
    }
    (void)std::fflush(stdout);
  }

  void bind_keys() const {
    (void)::el_set(editor, EL_ADDFN, "yoke-tab", "Completes the word", &State::on_tab);
    (void)::el_set(editor, EL_ADDFN, "yoke-help", "Says what may come", &State::on_question);
    (void)::el_set(editor, EL_ADDFN, "yoke-drop", "Drops the line", &State::on_interrupt);
    (void)::el_set(editor, EL_BIND, "^I", "yoke-tab", nullptr);
    (void)::el_set(editor, EL_BIND, "?", "yoke-help", nullptr);
    (void)::el_set(editor, EL_BIND, "^C", "yoke-drop", nullptr);
    (void)::el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    // While a line is edited, Ctrl-C is a key.
    (void)::el_set(editor, EL_SETTY, "-d", "-isig", nullptr);
  }

  void load_history() const {
    HistEvent event;
    (void)::history(history, &event, H_SETSIZE, kHistorySize);
    (void)::history(history, &event, H_SETUNIQUE, 1);
    if (history_file.empty()) return;
    const FileDescriptor made(::open(
        history_file.c_str(), O_CREAT | O_CLOEXEC | O_RDONLY | O_NOFOLLOW, S_IRUSR | S_IWUSR));
    (void)::history(history, &event, H_LOAD, history_file.c_str());
  }

  void remember(const std::string& line) const {
    if (model::names_secret(line)) return;
    HistEvent event;
    (void)::history(history, &event, H_ENTER, line.c_str());
    if (!history_file.empty()) (void)::history(history, &event, H_SAVE, history_file.c_str());
  }
};

LineEditor::LineEditor(Completer completer, std::string history_file)
    : state_(std::make_unique<State>()) {
  state_->completer = std::move(completer);
  state_->history_file = std::move(history_file);
  state_->editor = ::el_init("yoke", stdin, stdout, stderr);
  state_->history = ::history_init();
  (void)::el_set(state_->editor, EL_CLIENTDATA, state_.get());
  (void)::el_set(state_->editor, EL_EDITOR, "emacs");
  (void)::el_set(state_->editor, EL_SIGNAL, 0);
  (void)::el_set(state_->editor, EL_PROMPT, &State::draw_prompt);
  (void)::el_set(state_->editor, EL_HIST, &::history, state_->history);
  state_->bind_keys();
  state_->load_history();
}

LineEditor::~LineEditor() {
  ::history_end(state_->history);
  ::el_end(state_->editor);
}

std::optional<std::string> LineEditor::read(const std::string& prompt) {
  state_->prompt = prompt;
  int length = 0;
  const char* text = ::el_gets(state_->editor, &length);
  if (text == nullptr || length <= 0) return std::nullopt;
  std::string line(text, static_cast<std::size_t>(length));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  if (line.find_first_not_of(" \t") != std::string::npos) state_->remember(line);
  return line;
}

}  // namespace yoke::cli
