#ifndef PARVIS_CLI_HANGUP_H_
#define PARVIS_CLI_HANGUP_H_

namespace parvis::cli {

// SIGHUP, by which a service is told to read its settings anew, is remembered from now on; without
// this it ends the process.
void CatchHangups();
bool TakeHangup();  // one came since the last time

// Writing to a pipe that nobody reads any more fails from now on instead of ending the process: who
// reads a service's log may go.
void OutliveReaders();

}  // namespace parvis::cli

#endif  // PARVIS_CLI_HANGUP_H_
