#ifndef PARVIS_CLI_HANGUP_H_
#define PARVIS_CLI_HANGUP_H_

namespace parvis::cli {

// SIGHUP, by which a service is told to read its settings anew, is remembered from now on; without
// this it ends the process.
void CatchHangups();
bool TakeHangup();  // one came since the last time

}  // namespace parvis::cli

#endif  // PARVIS_CLI_HANGUP_H_
