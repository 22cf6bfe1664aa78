#include "parvis/text/language_guess.h"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <string>
#include <unordered_map>

namespace parvis::text {
namespace {

// Frequent words of one language that the other has not, or seldom. Those of the second kind count
// a quarter.
constexpr char kEnglish[] =
    "the of and to is it you that he was for are with his they at be this from have had by "
    "what all were we when your said there an each which she do how their if will about "
    "them then would these so some her him has two could my than been who its now did get "
    "made i'm just know want like very good here why where should please never much many "
    "any ever am does going mr mrs us our yes hello thanks thank yesterday tomorrow today "
    "really always i let take come give went up out off down into one people time day man "
    "woman need love live see say says told think go got back home help every still only";
constexpr char kFrench[] =
    "le la les de des du un une et est il elle je nous vous ils elles que qui dans ce ces "
    "cette cet pas ne sur au aux avec ses ma ta tes leur leurs se mais ou par plus été "
    "être avoir sont suis était ont avait tout tous bien comme y même sans rien faire "
    "peut dit deux chez non oui moi toi lui quand quoi veux dois peux faut votre notre vos "
    "nos ça cela jamais toujours beaucoup trop ici voici voilà bonjour bonsoir merci "
    "aujourd'hui hier demain pourquoi combien quel quelle encore très aussi où à c'est "
    "trois va vais folle mon ton";
constexpr char kRatherEnglish[] = "in can not but or no as a on";
constexpr char kRatherFrench[] = "pour tu son si en fait sa mes ai";

std::unordered_map<std::string, int> MakeWeights() {
  std::unordered_map<std::string, int> weights;
  const auto add = [&](const char* words, int weight) {
    std::istringstream stream(words);
    for (std::string word; stream >> word;) weights[word] = weight;
  };
  add(kEnglish, 4);
  add(kFrench, -4);
  add(kRatherEnglish, 1);
  add(kRatherFrench, -1);
  return weights;
}

bool EndsWithAny(const std::string& word, std::initializer_list<const char*> ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [&](const char* end) { return word.ends_with(end); });
}

// é è ê ë à â ç î ï ô û ù œ, small and capital: the second byte of those that begin with C3.
bool HasFrenchLetter(const std::string& word) {
  for (size_t i = 0; i + 1 < word.size(); ++i) {
    const auto first = static_cast<unsigned char>(word[i]);
    const auto second = static_cast<unsigned char>(word[i + 1]);
    if (first == 0xC5 && (second == 0x92 || second == 0x93)) return true;
    if (first != 0xC3) continue;
    const unsigned char small = second | 0x20;
    if ((small >= 0xA7 && small <= 0xAB) || small == 0xA0 || small == 0xA2 || small == 0xAE ||
        small == 0xAF || small == 0xB4 || small == 0xB9 || small == 0xBB) {
      return true;
    }
  }
  return false;
}

// More than 0: rather English.
int Weight(const std::string& word) {
  static const std::unordered_map<std::string, int> weights = MakeWeights();
  const auto known = weights.find(word);
  int weight = known == weights.end() ? 0 : known->second;
  if (HasFrenchLetter(word)) weight -= 3;
  if (const size_t mark = word.find('\''); mark != std::string::npos) {
    const std::string before = word.substr(0, mark), behind = word.substr(mark + 1);
    constexpr const char* kElided[] = {"c", "d", "j",  "l",     "m",      "n",
                                       "s", "t", "qu", "jusqu", "lorsqu", "puisqu"};
    const bool elided = std::any_of(std::begin(kElided), std::end(kElided),
                                    [&](const char* e) { return before == e; });
    if (elided && behind.size() > 1) weight -= 4;
    if (!elided && (behind == "s" || behind == "t" || behind == "ll" || behind == "ve" ||
                    behind == "re" || behind == "m" || behind == "d")) {
      weight += 4;
    }
  }
  if (word.find_first_of("kw") != std::string::npos) weight += 1;
  if (EndsWithAny(word, {"ing", "ght", "ly", "ness", "ck", "sh", "y", "ed"})) weight += 1;
  if (EndsWithAny(word, {"eau", "eux", "eur", "euse", "ment", "ez", "ons", "ait", "que", "elle",
                         "ette", "oux", "ais"})) {
    weight -= 1;
  }
  return weight;
}

// Small letters of ASCII, and bytes of letters beyond it: marks among those begin with C2 or E2,
// but for the apostrophe, which becomes the plain one.
std::string NextWord(std::string_view text, size_t& at) {
  std::string word;
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (text.substr(at).starts_with("\u2019")) {
      at += 2;
      if (!word.empty()) word += '\'';
    } else if (byte == '\'' && !word.empty()) {
      word += '\'';
    } else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') {
      word += static_cast<char>(byte | 0x20);
    } else if (byte >= 0xC3 && byte <= 0xDF && at + 1 < text.size()) {
      word += text[at];
      word += text[++at];
    } else if (!word.empty()) {
      break;
    }
  }
  return word;
}

}  // namespace

std::string_view GuessLanguage(std::string_view text) {
  constexpr size_t kEnough = 4000;  // bytes
  text = text.substr(0, kEnough);
  int weight = 0;
  for (size_t at = 0; at < text.size();) {
    if (const std::string word = NextWord(text, at); !word.empty()) weight += Weight(word);
  }
  return weight > 0 ? "en" : weight < 0 ? "fr" : "";
}

bool GuessLanguages(std::string_view text, std::string& from, std::string& to) {
  const auto other = [](std::string_view of) {
    return of == "en" || of == "English" ? "fr" : "en";
  };
  const bool to_french = to == "fr" || to == "French", to_english = to == "en" || to == "English";
  if (from.empty()) {
    const std::string_view guess = GuessLanguage(text);
    if (guess.empty() && to.empty()) return false;
    // Nobody has a text translated into its own language.
    const bool own = guess == "fr" ? to_french : to_english;
    from = !guess.empty() && !own ? std::string(guess) : other(to);
  }
  if (to.empty()) to = other(from);
  return true;
}

}  // namespace parvis::text
