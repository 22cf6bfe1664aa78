#ifndef PARVIS_SERVICE_MODEL_PLACE_H_
#define PARVIS_SERVICE_MODEL_PLACE_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace parvis::service {

// A model that can be loaded: a file or a folder with a name.
struct ModelPlace {
  std::string name, path;
  std::string base = {};  // of an adapter: the model that it changes; empty: a model itself
  bool operator==(const ModelPlace&) const = default;
};

// Of a file, or of the files in a folder; 0 if there is none.
size_t BytesOf(const std::string& path);

// When it was last written, in ms since 1970. Of a folder the last of it and its files: writing
// into one changes nothing of the folder.
int64_t LastModifiedMs(const std::string& path);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_MODEL_PLACE_H_
