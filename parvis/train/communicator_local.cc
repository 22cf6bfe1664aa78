#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

#include "parvis/core/check.h"
#include "parvis/train/communicator.h"

namespace parvis::train {
namespace {

namespace fs = std::filesystem;

class WorldOfOne final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  int local_size() const override { return 1; }
  std::string host() const override { return "localhost"; }
  std::unique_ptr<Transfer> Start(std::span<const Part> sends,
                                  std::span<const Part> receives) override {
    PARVIS_CHECK(sends.empty() && receives.empty());
    return std::make_unique<Nothing>();
  }

 private:
  class Nothing final : public Transfer {
    void Wait() override {}
  };
};

// Beside the program in a build, below lib/ where it is installed. No other place is searched.
std::string ModulePath() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& path : {folder / "parvis_mpi.so", folder / "../lib/parvis/parvis_mpi.so"}) {
    if (fs::exists(path, error)) return path.string();
  }
  return {};
}

}  // namespace

Communicator& Alone() {
  static WorldOfOne alone;
  return alone;
}

Result<std::unique_ptr<Communicator>> JoinWorld() {
  const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
  if (size == nullptr) return std::unique_ptr<Communicator>();
  const std::string path = ModulePath();
  if (path.empty()) {
    return Status(StatusCode::kUnimplemented,
                  "mpirun has started this program, which was built without Open MPI: there is no "
                  "parvis_mpi.so beside it; build again where libopenmpi-dev is installed");
  }
  // Global, because Open MPI opens modules of its own that look for its names.
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (module == nullptr) return IoError(dlerror());
  const auto join = reinterpret_cast<JoinMpi>(dlsym(module, kJoinMpi));
  if (join == nullptr) {
    return Status(StatusCode::kUnimplemented, path + ": belongs to another version of Parvis");
  }
  std::string error;
  std::unique_ptr<Communicator> world(join(error));
  if (world == nullptr) return Status(StatusCode::kUnavailable, "Open MPI: " + error);
  return world;
}

}  // namespace parvis::train
