#include "parvis/cli/interrupt.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "gtest/gtest.h"

namespace parvis::cli {
namespace {

class InterruptTest : public testing::Test {
 protected:
  InterruptTest() {
    EXPECT_EQ(pipe2(pipe_, O_CLOEXEC), 0);
    CatchInterrupts();
    TakeInterrupt();
  }
  ~InterruptTest() override {
    close(pipe_[0]);
    close(pipe_[1]);
    signal(SIGINT, SIG_DFL);
  }
  int keys() const { return pipe_[0]; }
  void Type() { ASSERT_EQ(write(pipe_[1], "x", 1), 1); }

 private:
  int pipe_[2];
};
using InterruptDeathTest = InterruptTest;

TEST_F(InterruptTest, IsRememberedUntilItIsTaken) {
  EXPECT_FALSE(Interrupted());
  EXPECT_FALSE(TakeInterrupt());
  raise(SIGINT);
  EXPECT_TRUE(Interrupted());
  EXPECT_TRUE(InterruptFlag());
  CatchInterrupts();  // forgets nothing
  EXPECT_TRUE(TakeInterrupt());
  EXPECT_FALSE(Interrupted());
  EXPECT_FALSE(TakeInterrupt());
}

TEST_F(InterruptTest, OneThatCameBeforeTheWaitEndsIt) {
  raise(SIGINT);
  Typing typing;
  EXPECT_FALSE(typing.Wait(keys()));
  EXPECT_FALSE(typing.Wait(keys()));  // not taken yet
  EXPECT_TRUE(TakeInterrupt());
  Type();
  EXPECT_TRUE(typing.Wait(keys()));
}

TEST_F(InterruptTest, KeysEndTheWaitAndSoDoesTheirEnd) {
  Typing typing;
  Type();
  EXPECT_TRUE(typing.Wait(keys()));
  int ended[2];
  ASSERT_EQ(pipe2(ended, O_CLOEXEC), 0);
  close(ended[1]);
  EXPECT_TRUE(typing.Wait(ended[0]));
  close(ended[0]);
}

// A signal that goes to another thread breaks off no wait of this one; it must be woken all the
// same. Many rounds, so that signals come before, at and within the wait.
TEST_F(InterruptTest, OneThatAnotherThreadGetsEndsTheWait) {
  for (int round = 0; round < 1000; ++round) {
    Typing typing;
    std::thread other([] { pthread_kill(pthread_self(), SIGINT); });
    EXPECT_FALSE(typing.Wait(keys()));
    other.join();
    EXPECT_TRUE(TakeInterrupt());
  }
}

// Takes as fast as they come. However many fall together, the last one is never missed.
TEST_F(InterruptTest, NoneIsLostBetweenTakingAndWaiting) {
  Typing typing;
  for (int round = 0; round < 100; ++round) {
    std::thread other([] {
      for (int i = 0; i < 50; ++i) pthread_kill(pthread_self(), SIGINT);
    });
    for (int i = 0; i < 20; ++i) TakeInterrupt();
    other.join();
    raise(SIGINT);
    EXPECT_FALSE(typing.Wait(keys()));
    EXPECT_TRUE(TakeInterrupt());
  }
  Type();
  EXPECT_TRUE(typing.Wait(keys()));  // and what was taken wakes nobody
}

TEST_F(InterruptTest, ASecondOneWhileSomebodyTypesEndsNothing) {
  {
    Typing typing;
    raise(SIGINT);
    raise(SIGINT);
    EXPECT_FALSE(typing.Wait(keys()));
    EXPECT_TRUE(TakeInterrupt());
  }
  raise(SIGINT);  // the first one again
  EXPECT_TRUE(TakeInterrupt());
}

TEST_F(InterruptDeathTest, ASecondOneThatFindsTheFirstNotObeyedEndsTheProcess) {
  EXPECT_EXIT(
      {
        raise(SIGINT);
        raise(SIGINT);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST_F(InterruptDeathTest, TwoThatAreObeyedEndNothing) {
  EXPECT_EXIT(
      {
        raise(SIGINT);
        TakeInterrupt();
        raise(SIGINT);
        _exit(Interrupted() ? 7 : 8);
      },
      testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace parvis::cli
