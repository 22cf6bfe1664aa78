// serve_load: sends requests to an HTTP server on loopback and writes down when what came back.
//
//   PARVIS_KEY=… serve_load --port 8080 --path /v1/completions --bodies FILE --clients 8 [--rate
//   500]
//                           [--seed 1] [--limit SECONDS]
//
// FILE holds one body a line; each is sent once, in order. Without --rate a client sends its next
// request when the last is answered. With --rate requests have times of their own, drawn as a
// Poisson process (Schroeder et al., "Open Versus Closed", NSDI 2006), and what a request waits for
// a free client counts: a slow server cannot slow its own measurement down. Writes one JSON line a
// request, times in seconds after its (planned) beginning:
//   {"at": 0.01, "sent": 0.0, "head": 0.2, "events": [0.21, 0.23], "end": 0.5, "status": 200,
//   "last": "…"}
// `events` are the "data:" lines of a stream, `last` the last of them but "[DONE]" that has a
// usage, or else the body. It knows nothing of what any server says beyond that: scripts in Python
// count.

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

struct Settings {
  unsigned short port = 8080;
  std::string path, key, bodies;
  int clients = 1, seed = 1;
  double rate = 0, limit = 600;
};

struct Answer {
  double sent = 0, head = 0, end = 0;
  std::vector<double> events;
  int status = 0;
  std::string last, error;
};

// Cuts a stream of events into lines and keeps their times.
class EventReader {
 public:
  EventReader(Clock::time_point start, Answer& answer) : start_(start), answer_(answer) {}

  void Add(const char* bytes, size_t size) {
    line_.append(bytes, size);
    for (size_t end = 0; (end = line_.find('\n')) != std::string::npos;) {
      if (line_.starts_with("data: {")) {
        answer_.events.push_back(Seconds(Clock::now() - start_).count());
        if (line_.find("\"usage\"") < end) answer_.last = line_.substr(6, end - 6);
      }
      line_.erase(0, end + 1);
    }
  }

 private:
  const Clock::time_point start_;
  Answer& answer_;
  std::string line_;
};

// One client: a connection that is kept for the next request.
class Client {
 public:
  explicit Client(const Settings& settings) : settings_(settings) {}

  // Times count from `start`.
  Answer Ask(const std::string& body, Clock::time_point start) {
    Answer answer;
    const bool kept = socket_.has_value();
    Try(body, start, answer);
    // A server may close a connection that it kept just when we use it again (RFC 9112 §9.3.1).
    if (kept && !answer.error.empty() && answer.status == 0) Try(body, start, answer);
    answer.end = Since(start);
    return answer;
  }

 private:
  void Try(const std::string& body, Clock::time_point start, Answer& answer) {
    answer = {};
    try {
      Connect();
      answer.sent = Since(start);
      Send(body);
      Receive(start, answer);
    } catch (const boost::system::system_error& error) {
      answer.error = error.code().message();
      socket_.reset();
    }
  }

  static double Since(Clock::time_point start) { return Seconds(Clock::now() - start).count(); }

  void Connect() {
    if (socket_) return;
    socket_.emplace(io_);
    socket_->connect({asio::ip::address_v4::loopback(), settings_.port});
    socket_->set_option(asio::ip::tcp::no_delay(true));
    buffer_.clear();
  }

  void Send(const std::string& body) {
    http::request<http::string_body> request(http::verb::post, settings_.path, 11);
    request.set(http::field::host, "127.0.0.1:" + std::to_string(settings_.port));
    request.set(http::field::content_type, "application/json");
    if (!settings_.key.empty()) {
      request.set(http::field::authorization, "Bearer " + settings_.key);
    }
    request.body() = body;
    request.prepare_payload();
    http::write(*socket_, request);
  }

  void Receive(Clock::time_point start, Answer& answer) {
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    http::read_header(*socket_, buffer_, parser);
    answer.head = Since(start);
    answer.status = static_cast<int>(parser.get().result_int());
    const bool streamed = parser.get()[http::field::content_type].find("text/event-stream") == 0;
    EventReader events(start, answer);
    char bytes[16384];
    while (!parser.is_done()) {
      parser.get().body().data = bytes;
      parser.get().body().size = sizeof(bytes);
      boost::system::error_code error;
      http::read_some(*socket_, buffer_, parser, error);
      if (error && error != http::error::need_buffer) throw boost::system::system_error(error);
      const size_t size = sizeof(bytes) - parser.get().body().size;
      if (streamed) {
        events.Add(bytes, size);
      } else if (answer.last.size() < 4096) {
        answer.last.append(bytes, size);
      }
    }
    if (!parser.get().keep_alive()) socket_.reset();
  }

  const Settings& settings_;
  asio::io_context io_;
  std::optional<asio::ip::tcp::socket> socket_;
  boost::beast::flat_buffer buffer_;
};

void Print(double at, const Answer& answer) {
  nlohmann::ordered_json line = {{"at", at},
                                 {"sent", answer.sent},
                                 {"head", answer.head},
                                 {"events", answer.events},
                                 {"end", answer.end},
                                 {"status", answer.status},
                                 {"last", answer.last}};
  if (!answer.error.empty()) line["error"] = answer.error;
  const std::string text =
      line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Run(const Settings& settings, const std::vector<std::string>& bodies) {
  std::vector<double> times(bodies.size(), -1);
  std::mt19937_64 random(static_cast<uint64_t>(settings.seed));
  if (settings.rate > 0) {
    std::exponential_distribution<double> gap(settings.rate);
    double at = 0;
    for (double& time : times) time = at += gap(random);
  }
  std::vector<Answer> answers(bodies.size());
  std::atomic<size_t> next{0}, asked{0};
  const auto begin = Clock::now();
  const auto work = [&] {
    Client client(settings);
    for (size_t i = 0; (i = next++) < bodies.size();) {
      if (Seconds(Clock::now() - begin).count() > settings.limit) break;
      auto start = Clock::now();
      if (times[i] >= 0) {
        start = begin + std::chrono::duration_cast<Clock::duration>(Seconds(times[i]));
        std::this_thread::sleep_until(start);
      } else {
        times[i] = Seconds(start - begin).count();
      }
      answers[i] = client.Ask(bodies[i], start);
      ++asked;
    }
  };
  std::vector<std::thread> clients;
  for (int c = 0; c < settings.clients; ++c) clients.emplace_back(work);
  for (std::thread& client : clients) client.join();
  for (size_t i = 0; i < bodies.size(); ++i) {
    if (answers[i].end > 0) Print(times[i], answers[i]);
  }
}

template <typename T>
T NumberOf(const std::string& text, const std::string& flag) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    std::cerr << "serve_load: " << flag << ": not a number: " << text << "\n";
    std::exit(2);
  }
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> flags;
  for (int i = 1; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
  Settings settings;
  for (const auto& [flag, value] : flags) {
    if (flag == "--port") {
      settings.port = NumberOf<unsigned short>(value, flag);
    } else if (flag == "--path") {
      settings.path = value;
    } else if (flag == "--bodies") {
      settings.bodies = value;
    } else if (flag == "--clients") {
      settings.clients = NumberOf<int>(value, flag);
    } else if (flag == "--seed") {
      settings.seed = NumberOf<int>(value, flag);
    } else if (flag == "--rate") {
      settings.rate = NumberOf<double>(value, flag);
    } else if (flag == "--limit") {
      settings.limit = NumberOf<double>(value, flag);
    } else {
      std::cerr << "serve_load: no flag " << flag << "\n";
      return 2;
    }
  }
  if (const char* key = std::getenv("PARVIS_KEY")) settings.key = key;
  std::ifstream file(settings.bodies);
  std::vector<std::string> bodies;
  for (std::string line; std::getline(file, line);) bodies.push_back(line);
  if (bodies.empty() || settings.path.empty() || argc % 2 == 0) {
    std::cerr << "usage: serve_load --port N --path PATH --bodies FILE [--clients N] "
                 "[--rate R] [--seed N] [--limit SECONDS]\n";
    return 2;
  }
  Run(settings, bodies);
}
