#include "parvis/text/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <utility>

#include "parvis/text/unicode_forms.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

using Kind = NormalizerStep::Kind;

constexpr size_t kMaxSteps = 16;
constexpr size_t kMaxGrowth = 1024;
constexpr size_t kMaxPattern = 256;
constexpr size_t kSpaceBytes = 3;  // of "▁"

// By how much a file can make a step lengthen a text.
size_t GrowthOf(const NormalizerStep& step, const std::optional<Charsmap>& charsmap) {
  const size_t longest = charsmap ? std::max<size_t>(charsmap->longest_replacement(), 1) : 1;
  switch (step.kind) {
    case Kind::kReplace:
      return std::max<size_t>(1, (step.to.size() + step.from.size() - 1) / step.from.size());
    case Kind::kSquashSpaces:
      return std::max<size_t>(1, (step.to.size() + 1) / 2);
    case Kind::kPrecompiled:
      return longest;
    case Kind::kSentencePiece:
      return longest * kSpaceBytes;
    default:
      return 1;
  }
}

void Keep(AlignedText& text, size_t from, size_t to) {
  text.text = text.text.substr(from, to - from);
  if (!text.tracked) return;
  const auto cut = [&](std::vector<uint32_t>& v) {
    v.erase(v.begin() + static_cast<ptrdiff_t>(to), v.end());
    v.erase(v.begin(), v.begin() + static_cast<ptrdiff_t>(from));
  };
  cut(text.begin);
  cut(text.end);
}

void Strip(const NormalizerStep& step, AlignedText& text) {
  size_t from = 0, to = text.text.size(), at = 0;
  bool seen = false;
  while (at < text.text.size()) {
    const Character c = ReadCharacter(text.text, at);
    if (ClassOf(c.code) != CharacterClass::kSpace) {
      if (!seen) from = at;
      seen = true;
      to = at + c.size;
    }
    at += c.size;
  }
  if (!seen) from = text.text.size(), to = from;  // nothing but white space
  Keep(text, step.left ? from : 0, step.right ? std::max(to, step.left ? from : 0) : at);
  if (!seen && (step.left || step.right)) Keep(text, 0, 0);
}

// Replaces text[from, to) for each found range; the new bytes have the range of the last old
// character, as in the reference.
template <typename Find>
void ReplaceFound(const std::string& by, AlignedText& text, const Find& find) {
  AlignedText out;
  out.tracked = text.tracked;
  size_t done = 0;
  const auto copy = [&](size_t to) {
    out.text.append(text.text, done, to - done);
    if (text.tracked) {
      out.begin.insert(out.begin.end(), text.begin.begin() + static_cast<ptrdiff_t>(done),
                       text.begin.begin() + static_cast<ptrdiff_t>(to));
      out.end.insert(out.end.end(), text.end.begin() + static_cast<ptrdiff_t>(done),
                     text.end.begin() + static_cast<ptrdiff_t>(to));
    }
  };
  for (size_t at = 0; at < text.text.size();) {
    const auto [from, to] = find(text.text, at);
    if (from == to) break;
    copy(from);
    out.Append(by, text.tracked ? text.begin[to - 1] : 0, text.tracked ? text.end[to - 1] : 0);
    done = at = to;
  }
  if (done == 0) return;
  copy(text.text.size());
  text = std::move(out);
}

void Replace(const NormalizerStep& step, AlignedText& text) {
  ReplaceFound(step.to, text, [&](const std::string& s, size_t at) {
    const size_t from = s.find(step.from, at);
    return from == s.npos ? std::pair(s.size(), s.size())
                          : std::pair(from, from + step.from.size());
  });
}

void SquashSpaces(const NormalizerStep& step, AlignedText& text) {
  ReplaceFound(step.to, text, [&](const std::string& s, size_t at) {
    const size_t from = s.find("  ", at);
    if (from == s.npos) return std::pair(s.size(), s.size());
    return std::pair(from, std::min(s.find_first_not_of(' ', from), s.size()));
  });
}

void Prepend(const NormalizerStep& step, AlignedText& text) {
  if (text.text.empty()) return;
  const std::string old = std::move(text.text);
  text.text = step.to + old;
  if (!text.tracked) return;
  text.begin.insert(text.begin.begin(), step.to.size(), text.begin[0]);
  text.end.insert(text.end.begin(), step.to.size(), text.end[0]);
}

}  // namespace

Result<Normalizer> Normalizer::Make(const std::vector<NormalizerStep>& steps) {
  if (steps.size() > kMaxSteps) return DataLoss("normalizer: more than 16 steps");
  Normalizer normalizer;
  size_t growth = 1;
  for (const NormalizerStep& what : steps) {
    Step step{.what = what};
    if (what.to.size() > Charsmap::kMaxReplacement || !IsValidUtf8(what.to)) {
      return DataLoss("normalizer: a replacement is longer than 256 bytes or not UTF-8");
    }
    // Looking for a text takes the product of two lengths, of which this is one.
    if (what.kind == Kind::kReplace &&
        (what.from.empty() || what.from.size() > kMaxPattern || !IsValidUtf8(what.from))) {
      return DataLoss("normalizer: a pattern is empty, longer than 256 bytes or not UTF-8");
    }
    if (what.kind == Kind::kPrecompiled || !what.charsmap.empty()) {
      PARVIS_ASSIGN_OR_RETURN(step.charsmap, Charsmap::Parse(what.charsmap));
      step.what.charsmap.clear();
    }
    growth *= GrowthOf(what, step.charsmap);
    if (growth > kMaxGrowth) {
      return DataLoss("normalizer: its steps together can make a text " + std::to_string(growth) +
                      " times as long, limit " + std::to_string(kMaxGrowth));
    }
    normalizer.steps_.push_back(std::move(step));
  }
  return normalizer;
}

void Lowercase(AlignedText& text) {
  const std::string old = text.text;
  Rewriter rewriter(text);
  for (size_t at = 0; at < old.size();) {
    const Character c = ReadCharacter(old, at);
    at += c.size;
    if (c.code == 0x130) {  // the only letter whose small form has two characters
      rewriter.Put('i', 0);
      rewriter.Put(0x307, 1);
    } else {
      rewriter.Put(static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c.code))),
                   0);
    }
  }
  rewriter.Done();
}

void Normalizer::Apply(AlignedText& text) const {
  for (const Step& step : steps_) {
    switch (step.what.kind) {
      case Kind::kNfc:
        ToForm(UnicodeForm::kNfc, text);
        break;
      case Kind::kNfd:
        ToForm(UnicodeForm::kNfd, text);
        break;
      case Kind::kNfkc:
        ToForm(UnicodeForm::kNfkc, text);
        break;
      case Kind::kNfkd:
        ToForm(UnicodeForm::kNfkd, text);
        break;
      case Kind::kLowercase:
        Lowercase(text);
        break;
      case Kind::kStripAccents:
        FilterCharacters(text, IsMark, [](uint32_t code) { return code; });
        break;
      case Kind::kBert:
        NormalizeBert(step.what, text);
        break;
      case Kind::kStrip:
        Strip(step.what, text);
        break;
      case Kind::kReplace:
        Replace(step.what, text);
        break;
      case Kind::kSquashSpaces:
        SquashSpaces(step.what, text);
        break;
      case Kind::kPrepend:
        Prepend(step.what, text);
        break;
      case Kind::kPrecompiled:
        NormalizePrecompiled(*step.charsmap, text);
        break;
      case Kind::kSentencePiece:
        NormalizeSentencePiece(step.what, step.charsmap ? &*step.charsmap : nullptr, text);
        break;
    }
  }
}

std::string Normalizer::Apply(std::string_view text) const {
  AlignedText aligned = AlignedText::Of(text, 0, false);
  Apply(aligned);
  return aligned.text;
}

}  // namespace parvis::text
