// parvis user link: who a person is at a provider that they sign in at.

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/store_folder.h"

namespace parvis::cli {
namespace {

struct Options {
  StoreFlags store;
  OrganisationFlags organisation;
  std::string who, issuer, subject;
  bool remove = false;
};

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--who,who", &o->who, "The user, by id or name", {.required = true});
  flags.Add("--issuer", &o->issuer, "The provider, as it calls itself");
  flags.Add("--subject", &o->subject, "What it calls them (sub)");
  flags.Add("--remove", &o->remove, "They are nobody anywhere any more; their sessions end");
  o->organisation.AddTo(flags);
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    if (o->remove == !o->issuer.empty() || o->issuer.empty() != o->subject.empty()) {
      return InvalidArgument("say --issuer and --subject, or --remove");
    }
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const auto of, o->organisation.Find(*directory));
    PARVIS_ASSIGN_OR_RETURN(const auto user, directory->FindUser(of.id, o->who));
    PARVIS_RETURN_IF_ERROR(o->remove ? directory->UnlinkIdentities(user)
                                     : directory->LinkIdentity(user, o->issuer, o->subject));
    if (console.json) {
      OrderedJson document = Console::Document("user-link");
      document["user"] = JsonOf(user);
      console.PrintJson(document);
    } else {
      console.Note(o->remove ? "They come in by no provider any more." : "They come in by that.");
    }
    return {};
  };
}

}  // namespace

const Command kUserLink = {"user link", "Say who a user is at a provider that people sign in at",
                           "parvis user link Ada --issuer https://login.example --subject 1815",
                           &Define};

}  // namespace parvis::cli
