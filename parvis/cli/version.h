#ifndef PARVIS_CLI_VERSION_H_
#define PARVIS_CLI_VERSION_H_

namespace parvis::cli {

constexpr char kVersion[] = PARVIS_VERSION;  // CMake's project version

}  // namespace parvis::cli

#endif  // PARVIS_CLI_VERSION_H_
