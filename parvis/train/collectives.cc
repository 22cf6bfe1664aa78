#include "parvis/train/collectives.h"

#include "fmt/format.h"
#include "parvis/core/check.h"

namespace parvis::train {
namespace {

// Everybody's bytes to everybody: received[rank] is sized for what is to come.
void GatherBytes(Communicator& world, const std::string& mine, std::vector<std::string>& received) {
  std::vector<Communicator::Part> sends, receives;
  for (int rank = 0; rank < world.size(); ++rank) {
    if (rank == world.rank()) continue;
    sends.push_back({rank, const_cast<char*>(mine.data()), mine.size()});
    receives.push_back({rank, received[rank].data(), received[rank].size()});
  }
  world.Exchange(sends, receives);
  received[world.rank()] = mine;
}

std::string BytesOf(const std::vector<double>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double)};
}

}  // namespace

std::vector<std::vector<double>> GatherNumbers(Communicator& world,
                                               const std::vector<double>& mine) {
  const std::string bytes = BytesOf(mine);
  std::vector<std::string> received(world.size(), std::string(bytes.size(), '\0'));
  GatherBytes(world, bytes, received);
  std::vector<std::vector<double>> numbers;
  for (const std::string& theirs : received) {
    const auto* first = reinterpret_cast<const double*>(theirs.data());
    numbers.emplace_back(first, first + mine.size());
  }
  return numbers;
}

std::vector<std::string> GatherTexts(Communicator& world, const std::string& mine) {
  std::vector<std::string> received;
  for (const auto& size : GatherNumbers(world, {static_cast<double>(mine.size())})) {
    received.emplace_back(static_cast<size_t>(size[0]), '\0');
  }
  GatherBytes(world, mine, received);
  return received;
}

std::vector<double> SumNumbers(Communicator& world, const std::vector<double>& mine) {
  std::vector<double> sums(mine.size(), 0.0);
  for (const std::vector<double>& numbers : GatherNumbers(world, mine)) {
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += numbers[i];
  }
  return sums;
}

Status Agree(Communicator& world, const Status& mine) {
  if (world.size() == 1) return mine;
  const auto codes = GatherNumbers(world, {static_cast<double>(mine.code())});
  int failed = 0;
  while (failed < world.size() && codes[failed][0] == 0.0) ++failed;
  if (failed == world.size()) return Status();
  std::string text = mine.message();
  if (world.rank() > 0) text = RankName(world.rank(), world.host()) + ": " + text;
  return Status(static_cast<StatusCode>(static_cast<int>(codes[failed][0])),
                GatherTexts(world, text)[failed]);
}

Result<std::string> FromRoot(Communicator& world, const Result<std::string>& mine) {
  if (world.size() == 1) return mine;
  const bool root = world.rank() == 0;
  PARVIS_RETURN_IF_ERROR(Agree(world, root ? mine.status() : Status()));
  return GatherTexts(world, root ? *mine : std::string())[0];
}

std::string RankName(int rank, const std::string& host) {
  return fmt::format("rank {} on {}", rank, host);
}

}  // namespace parvis::train
