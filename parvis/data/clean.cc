#include "parvis/data/clean.h"

#include <algorithm>

#include "parvis/core/sha256.h"
#include "parvis/text/lower_case.h"
#include "parvis/text/normalizer.h"
#include "parvis/text/piece_counter.h"
#include "parvis/text/utf8.h"

namespace parvis::data {
namespace {

void Note(std::vector<std::string>& changes, const char* change) {
  if (std::find(changes.begin(), changes.end(), change) == changes.end()) {
    changes.emplace_back(change);
  }
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 128; });
}

// Whether a text is in NFC without asking the tables: no character of it is from U+0300 on, where
// the combining marks begin, but for dashes and quotation marks (U+2010 to U+205E).
bool IsSurelyNfc(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0xCC) continue;
    if (byte != 0xE2 || at + 2 >= text.size()) return false;
    const unsigned code =
        static_cast<unsigned char>(text[at + 1]) << 8 | static_cast<unsigned char>(text[at + 2]);
    if (code < 0x8090 || code > 0x819E) return false;
    at += 2;
  }
  return true;
}

const text::Normalizer& FormOf(const std::string& form) {
  using Kind = text::NormalizerStep::Kind;
  static const auto* nfc =
      new text::Normalizer(text::Normalizer::Make({{.kind = Kind::kNfc}}).value());
  static const auto* nfkc =
      new text::Normalizer(text::Normalizer::Make({{.kind = Kind::kNfkc}}).value());
  return form == "nfkc" ? *nfkc : *nfc;
}

std::string WithForm(std::string text, const std::string& form, std::vector<std::string>& changes) {
  if (form == "none" || IsAscii(text) || (form == "nfc" && IsSurelyNfc(text))) return text;
  std::string normal = FormOf(form).Apply(text);
  if (normal != text) changes.push_back(form);
  return normal;
}

}  // namespace

std::string CleanText(std::string_view text, const std::string& form,
                      std::vector<std::string>& changes) {
  std::string plain;
  plain.reserve(text.size());
  size_t blank = 0;  // spaces and tabs at the end of `plain`
  size_t lines = 0;  // line ends at the end of `plain`, without those blanks
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r') {
      Note(changes, "line_ends");
      if (i + 1 < text.size() && text[i + 1] == '\n') continue;
    }
    if (c == '\n' || c == '\r') {
      if (blank > 0) Note(changes, "spaces");
      plain.resize(plain.size() - blank);
      blank = 0;
      if (lines >= 2 || plain.empty()) {
        Note(changes, "spaces");
        continue;
      }
      plain += '\n';
      ++lines;
    } else if (c == ' ' || c == '\t') {
      plain += c;
      ++blank;
    } else if (static_cast<unsigned char>(c) < 32 || c == 127) {
      Note(changes, "control_characters");
    } else {
      plain += c;
      blank = lines = 0;
    }
  }
  const size_t end = plain.find_last_not_of(" \t\n");
  plain.resize(end == std::string::npos ? 0 : end + 1);
  return WithForm(std::move(plain), form, changes);
}

void Clean(const CorpusRecipe& recipe, CleanDocument& document) {
  RawDocument& raw = document.raw;
  const CorpusRecipe::Source& from = recipe.sources[document.source];
  document.status = ReadRow(from.read, raw);
  if (!document.status.ok()) return;
  document.bytes_read = static_cast<int64_t>(raw.text.size() + raw.target.size());
  document.id = from.name + "/" + raw.id;
  if (raw.licence.empty()) raw.licence = from.licence;
  if (raw.author.empty()) raw.author = from.author;
  if (raw.url.empty()) raw.url = from.url;
  if (raw.note.empty()) raw.note = from.consent;
  if (raw.language.empty()) raw.language = from.language;
  const bool pair = from.read.format == "pairs";
  document.sha256 = Sha256Hex(pair ? raw.text + '\0' + raw.target : raw.text);
  std::array<bool, kPersonalKinds> masked;
  for (size_t i = 0; i < kPersonalKinds; ++i) {
    masked[i] = recipe.personal[i] == PersonalAction::kMask;
  }
  const auto clean = [&](std::string& from, std::string& to) {
    to = CleanText(from, recipe.form, document.changes);
    from = {};
    const std::vector<PersonalFinding> found = FindPersonal(to);
    bool any = false;
    for (const PersonalFinding& finding : found) {
      ++document.personal[static_cast<size_t>(finding.kind)];
      any |= masked[static_cast<size_t>(finding.kind)];
    }
    if (!any) return;
    to = MaskPersonal(to, found, masked);
    Note(document.changes, "masked");
  };
  clean(raw.text, document.text);
  if (pair) clean(raw.target, document.target);
  document.language = IdentifyLanguage(document.text);
  // Of a text that is too short to tell, what its source says is the better guess.
  if (!document.language.reliable && !raw.language.empty()) document.language.code = raw.language;
  const std::string lower = text::LowerCase(document.text);
  document.measures = MeasureQuality(document.text, lower, document.language.code);
  QualityRules rules = recipe.quality;
  if (pair) rules.min_words = std::min<int64_t>(rules.min_words, 1);  // "Merci !" is a whole pair
  document.broken_rules = BrokenRules(document.measures, rules, document.language.code);
  const std::string all = pair ? lower + '\n' + text::LowerCase(document.target) : lower;
  // Runs of white space count as one space.
  std::string folded;
  folded.reserve(all.size());
  for (const char c : all) {
    const bool space = c == ' ' || c == '\n' || c == '\t';
    if (!space) folded += c;
    if (space && !folded.empty() && folded.back() != ' ') folded += ' ';
  }
  document.content = text::PieceCounts::Hash(folded);
  document.min_hash = MinHashOf(ShinglesOf(all));
}

}  // namespace parvis::data
