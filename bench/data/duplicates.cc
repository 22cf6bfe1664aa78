// Finding near duplicates alone: reads a .jsonl of texts, then measures what makes runs of words,
// MinHash and the search of it. bench_duplicates FILE.jsonl THREADS → JSON.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "parvis/data/near_duplicates.h"
#include "parvis/data/reader.h"
#include "parvis/text/lower_case.h"

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: bench_duplicates FILE.jsonl THREADS\n");
    return 2;
  }
  parvis::ThreadPool pool(std::atoi(arguments[2]));
  std::vector<std::string> texts;
  size_t bytes = 0;
  const parvis::Status read = parvis::data::ReadDocumentsOf(
      arguments[1], {}, pool, [&](parvis::data::RawDocument document) -> parvis::Status {
        bytes += document.text.size();
        texts.push_back(std::move(document.text));
        return {};
      });
  if (!read.ok()) {
    std::fprintf(stderr, "%s\n", read.message().c_str());
    return 1;
  }
  const auto start = std::chrono::steady_clock::now();
  parvis::data::NearDuplicates index;
  int found = 0;
  constexpr size_t kAtATime = 4096;
  std::vector<parvis::data::MinHash> hashes(kAtATime);
  for (size_t begin = 0; begin < texts.size(); begin += kAtATime) {
    const size_t size = std::min(kAtATime, texts.size() - begin);
    pool.Dynamic(static_cast<int64_t>(size), 1, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) {
        hashes[i] = parvis::data::MinHashOf(
            parvis::data::ShinglesOf(parvis::text::LowerCase(texts[begin + i])));
      }
    });
    for (size_t i = 0; i < size; ++i) {
      found += index.Find(hashes[i], 0.8).has_value();
      index.Add(begin + i, hashes[i]);
    }
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("{\"seconds\": %.3f, \"mb\": %.1f, \"texts\": %zu, \"found\": %d}\n", seconds,
              static_cast<double>(bytes) / 1e6, texts.size(), found);
  return 0;
}
