#include "parvis/text/unigram_model.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>

#include "parvis/text/best_path.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

constexpr double kUnknownPenalty = 10.0;
constexpr double kLeastExpected = 0.5;  // a piece expected less often goes
constexpr double kUnit = 1 << 20;       // of expected counts as whole numbers
constexpr double kTiny = 1e-280;        // of probabilities: below, logarithms are summed
constexpr int64_t kWordsAtATime = 1024;
constexpr double kNone = -std::numeric_limits<double>::infinity();

// The derivative of log Γ. x > 0. By recurrence up to 7, then the asymptotic series (Abramowitz and
// Stegun, 6.3.5 and 6.3.18).
double Digamma(double x) {
  double result = 0.0;
  for (; x < 7.0; x += 1.0) result -= 1.0 / x;
  const double r = 1.0 / (x * x);
  return result + std::log(x) - 0.5 / x -
         r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r / 132))));
}

size_t CharactersOf(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](unsigned char byte) { return (byte & 0xC0) != 0x80; }));
}

double LogSum(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == kNone ? a : a + std::log1p(std::exp(b - a));
}

struct Arc {
  size_t begin, end;
  TokenId id;  // -1: a character that is no piece
};

// All ways to cut a word, as arcs in the order of their beginnings.
void ArcsOf(const TokenTrie& trie, std::string_view word, std::vector<Arc>& arcs) {
  arcs.clear();
  for (size_t at = 0; at < word.size();) {
    const size_t character = CharacterSize(word, at);
    bool has_character = false;
    trie.Walk(word.substr(at), [&](size_t size, TokenId id) {
      has_character |= size == character;
      arcs.push_back({at, at + size, id});
    });
    if (!has_character) arcs.push_back({at, at + character, -1});
    at += character;
  }
}

// For each arc, the probability that a cut of the word (drawn by the product of its pieces'
// probabilities) goes along it: visit(arc, probability). Forwards and backwards over the arcs.
class Lattice {
 public:
  template <typename LogProbability, typename Probability, typename Visit>
  void Run(std::string_view word, const std::vector<Arc>& arcs, const LogProbability& log_p,
           const Probability& p, const Visit& visit) {
    // Plain numbers are ten times as fast as logarithms and enough for any usual word.
    const double total = Pass(
        word.size(), arcs, p, 0.0, 1.0, [](double a, double b) { return a * b; },
        [](double a, double b) { return a + b; });
    if (total > kTiny) {
      for (const Arc& arc : arcs) {
        visit(arc, forward_[arc.begin] * p(arc.id) * backward_[arc.end] / total);
      }
      return;
    }
    const double log_total = Pass(
        word.size(), arcs, log_p, kNone, 0.0, [](double a, double b) { return a + b; }, LogSum);
    for (const Arc& arc : arcs) {
      visit(arc, std::exp(forward_[arc.begin] + log_p(arc.id) + backward_[arc.end] - log_total));
    }
  }

 private:
  template <typename Weight, typename Times, typename Plus>
  double Pass(size_t size, const std::vector<Arc>& arcs, const Weight& weight, double zero,
              double one, const Times& times, const Plus& plus) {
    forward_.assign(size + 1, zero);
    backward_.assign(size + 1, zero);
    forward_[0] = backward_[size] = one;
    for (const Arc& arc : arcs) {
      double& to = forward_[arc.end];
      to = plus(to, times(forward_[arc.begin], weight(arc.id)));
    }
    for (auto arc = arcs.rbegin(); arc != arcs.rend(); ++arc) {
      double& to = backward_[arc->begin];
      to = plus(to, times(backward_[arc->end], weight(arc->id)));
    }
    return forward_[size];
  }

  std::vector<double> forward_, backward_;
};

}  // namespace

UnigramModel::UnigramModel(const CountedPieces& characters, const CountedPieces& seeds,
                           const CountedPieces& words, ThreadPool& pool)
    : words_(words), pool_(pool), trie_({}) {
  double total = 0;
  for (const auto* list : {&characters, &seeds}) {
    for (const auto& [text, count] : *list) {
      // At first a piece weighs by the characters that it covers, else short ones would take all.
      const double weight = static_cast<double>(count) * static_cast<double>(CharactersOf(text));
      pieces_.push_back({text, weight, list == &characters});
      total += weight;
    }
  }
  for (Piece& piece : pieces_) piece.score = std::log(piece.score / total);
  Index();
}

void UnigramModel::Index() {
  std::vector<std::pair<std::string_view, TokenId>> tokens;
  tokens.reserve(pieces_.size());
  double least = 0;
  for (size_t id = 0; id < pieces_.size(); ++id) {
    tokens.emplace_back(pieces_[id].text, static_cast<TokenId>(id));
    least = std::min(least, pieces_[id].score);
  }
  trie_ = TokenTrie(std::move(tokens));
  unknown_ = least - kUnknownPenalty;
}

template <typename Visit>
std::vector<int64_t> UnigramModel::SumOverWords(const Visit& visit) const {
  const auto members = static_cast<int64_t>(pool_.size());
  const auto count = static_cast<int64_t>(words_.size());
  std::vector<std::vector<int64_t>> sums(static_cast<size_t>(members));
  std::atomic<int64_t> next{0};
  pool_.For(members, 1, [&](int64_t first, int64_t last) {
    for (int64_t member = first; member < last; ++member) {
      sums[member].assign(pieces_.size(), 0);
      auto work = visit(sums[member]);  // keeps scratch memory of its own
      for (int64_t begin; (begin = next.fetch_add(kWordsAtATime)) < count;) {
        for (int64_t i = begin; i < std::min(begin + kWordsAtATime, count); ++i) {
          work(words_[i].first, words_[i].second);
        }
      }
    }
  });
  for (size_t member = 1; member < sums.size(); ++member) {
    for (size_t i = 0; i < pieces_.size(); ++i) sums[0][i] += sums[member][i];
  }
  return std::move(sums[0]);
}

std::vector<int64_t> UnigramModel::Expected() const {
  std::vector<double> probabilities;
  for (const Piece& piece : pieces_) probabilities.push_back(std::exp(piece.score));
  const double unknown = std::exp(unknown_);
  return SumOverWords([&](std::vector<int64_t>& sums) {
    return [&, lattice = Lattice(), arcs = std::vector<Arc>()](std::string_view word,
                                                               int64_t count) mutable {
      ArcsOf(trie_, word, arcs);
      const double weight = static_cast<double>(count) * kUnit;
      lattice.Run(
          word, arcs, [&](TokenId id) { return id < 0 ? unknown_ : pieces_[id].score; },
          [&](TokenId id) { return id < 0 ? unknown : probabilities[id]; },
          [&](const Arc& arc, double probability) {
            if (arc.id < 0) return;
            sums[arc.id] += static_cast<int64_t>(probability * weight + 0.5);
          });
    };
  });
}

void UnigramModel::Fit() {
  const std::vector<int64_t> expected = Expected();
  std::vector<Piece> kept;
  double sum = 0;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    double count = static_cast<double>(expected[i]) / kUnit;
    if (count < kLeastExpected && !pieces_[i].character) continue;
    count = std::max(count, kLeastExpected);
    kept.push_back({std::move(pieces_[i].text), count, pieces_[i].character});
    sum += count;
  }
  // The mean of the logarithm under a Dirichlet posterior: rare pieces lose more than their share.
  for (Piece& piece : kept) piece.score = Digamma(piece.score) - Digamma(sum);
  pieces_ = std::move(kept);
  Index();
}

int64_t UnigramModel::CountTokens() const {
  const std::vector<int64_t> uses = BestUses();
  return std::accumulate(uses.begin(), uses.end(), int64_t{0});
}

std::vector<int64_t> UnigramModel::BestUses() const {
  return SumOverWords([&](std::vector<int64_t>& sums) {
    return [&, path = std::vector<BestEnd>(), tokens = std::vector<PathToken>()](
               std::string_view word, int64_t count) mutable {
      tokens.clear();
      FindBestPath(
          word, [this](std::string_view text, const auto& visit) { trie_.Walk(text, visit); },
          [this](TokenId id) { return pieces_[id].score; }, unknown_,
          [](double a, double b) { return a + b; }, path, tokens);
      for (const PathToken& token : tokens) {
        if (token.id >= 0) sums[token.id] += count;
      }
    };
  });
}

void UnigramModel::Prune(size_t size) {
  if (pieces_.size() <= size) return;
  const std::vector<int64_t> uses = BestUses();
  const auto total = static_cast<double>(std::accumulate(uses.begin(), uses.end(), int64_t{0}));
  std::vector<double> loss(pieces_.size());
  pool_.Dynamic(static_cast<int64_t>(pieces_.size()), 256, [&](int64_t first, int64_t last) {
    std::vector<BestEnd> path;
    std::vector<PathToken> tokens;
    for (int64_t i = first; i < last; ++i) {
      const auto used = static_cast<double>(uses[i]);
      if (pieces_[i].character) {
        loss[i] = std::numeric_limits<double>::infinity();
        continue;
      }
      if (used == 0) continue;
      // The piece would be cut into the best of what is left.
      tokens.clear();
      FindBestPath(
          pieces_[i].text,
          [&](std::string_view text, const auto& visit) {
            trie_.Walk(text, [&](size_t length, TokenId id) {
              if (id != i) visit(length, id);
            });
          },
          [this](TokenId id) { return pieces_[id].score; }, unknown_,
          [](double a, double b) { return a + b; }, path, tokens);
      const double new_total = std::log(total + used * static_cast<double>(tokens.size() - 1));
      double instead = 0;
      for (const PathToken& token : tokens) {
        instead += token.id < 0 ? unknown_
                                : std::log(static_cast<double>(uses[token.id]) + used) - new_total;
      }
      loss[i] = used * (std::log(used / total) - instead);
    }
  });
  std::vector<size_t> order(pieces_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return loss[a] != loss[b] ? loss[a] > loss[b] : pieces_[a].text < pieces_[b].text;
  });
  order.resize(size);
  std::sort(order.begin(), order.end());
  std::vector<Piece> kept;
  for (const size_t i : order) kept.push_back(std::move(pieces_[i]));
  pieces_ = std::move(kept);
  Index();
}

}  // namespace parvis::text
