// parvis user password: what a person signs in with. Typed, or on stdin; never on a command line.

#include <openssl/crypto.h>

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/secret_input.h"
#include "parvis/cli/store_folder.h"
#include "parvis/governance/password.h"

namespace parvis::cli {
namespace {

struct Options {
  StoreFlags store;
  OrganisationFlags organisation;
  std::string who;
  bool remove = false;
};

// Its hash, as the folder's server will check it.
Result<std::string> HashOf(const governance::User& user, const governance::Pepper& pepper) {
  PARVIS_ASSIGN_OR_RETURN(std::string typed, ReadNewSecret("Password of " + user.name));
  auto password = governance::NormalisedPassword(typed);
  OPENSSL_cleanse(typed.data(), typed.size());
  if (!password.ok()) return password.status();
  PARVIS_RETURN_IF_ERROR(governance::CheckNewPassword(*password, user.name));
  auto hash = governance::PasswordHasher(pepper).Hash(*password, user.id);
  OPENSSL_cleanse(password->data(), password->size());
  return hash;
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--who,who", &o->who, "The user, by id or name", {.required = true});
  flags.Add("--remove", &o->remove, "They have no password any more");
  o->organisation.AddTo(flags);
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const auto of, o->organisation.Find(*directory));
    PARVIS_ASSIGN_OR_RETURN(const auto user, directory->FindUser(of.id, o->who));
    std::string hash;
    if (!o->remove) {
      PARVIS_ASSIGN_OR_RETURN(const auto pepper, o->store.OpenPepper());
      PARVIS_ASSIGN_OR_RETURN(hash, HashOf(user, pepper));
    }
    PARVIS_RETURN_IF_ERROR(directory->SetPasswordHash(user, hash));
    if (console.json) {
      OrderedJson document = Console::Document("user-password");
      document["user"] = JsonOf(user);
      document["password"] = !o->remove;
      console.PrintJson(document);
    } else {
      console.Note(o->remove ? "They cannot sign in with a password any more."
                             : "They can sign in with it; their sessions have ended.");
    }
    return {};
  };
}

}  // namespace

const Command kUserPassword = {"user password", "Set the password that a person signs in with",
                               "parvis user password Ada --org \"Lycée A\"", &Define};

}  // namespace parvis::cli
