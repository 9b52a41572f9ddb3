// SPDX-License-Identifier: Apache-2.0
#include "load_pg_bench.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "conversation.h"
#include "support/tcp_proxy.h"

namespace bench {

namespace {

struct Heard {
    Conversation get, extend;
    std::string options;
};

Heard hear(const Stand& stand, std::size_t number) {
    const support::TcpProxy wire(stand.port());
    Worker worker(stand.login().with("port", std::to_string(wire.port())), number, 1);
    // The session is open, and everything is as it stays, before anything counts.
    const auto said_for = [&](Verb verb) {
        const auto before = Conversation::heard(wire.sent());
        worker.call(verb, 0);
        return Conversation::heard(wire.sent()).since(before);
    };
    worker.call(Verb::extend, 0);
    const auto options = Conversation::heard(wire.sent()).options();
    auto heard = Heard{said_for(Verb::get), said_for(Verb::extend), options};
    if (worker.tally().errors.empty()) return heard;
    throw std::runtime_error("get and extend failed while they were listened to");
}

double number_after(const std::string& text, std::string_view what) {
    const auto at = text.find(what);
    if (at == std::string::npos) throw std::runtime_error("pgbench says something new: " + text);
    return std::stod(text.substr(at + what.size()));
}

}  // namespace

PgBench::PgBench(const Stand& stand, std::size_t clients) : stand_(stand), clients_(clients) {
    std::ofstream script(folder_ / "script");
    script << "\\set extends random(0, 1)\n";
    for (std::size_t i = 0; i < clients; ++i) {
        const auto heard = hear(stand, i);
        options_ = heard.options;
        script << "\\if :client_id = " << i << "\n\\if :extends\n"
               << heard.extend.to_pg_bench() << "\\else\n"
               << heard.get.to_pg_bench() << "\\endif\n\\endif\n";
    }
}

double PgBench::throughput(int seconds) const {
    const auto& login = stand_.login();
    const auto processors = static_cast<std::size_t>(sysconf(_SC_NPROCESSORS_ONLN));
    const Program program{
        {stand_.programs() / "pgbench", "--no-vacuum", "--protocol=extended",
         "--file=" + (folder_ / "script").string(), "--client=" + std::to_string(clients_),
         "--jobs=" + std::to_string(std::min(clients_, processors)),
         "--time=" + std::to_string(seconds)},
        {{"PGHOST", std::string(login.get("host"))},
         {"PGPORT", std::string(login.get("port"))},
         {"PGUSER", std::string(login.get("user"))},
         {"PGPASSWORD", login.password().reveal()},
         {"PGDATABASE", "reviewdb"},
         {"PGOPTIONS", options_}}};
    const auto said = output_of(program);
    if (number_after(said, "number of failed transactions: ") != 0) {
        throw std::runtime_error("pgbench failed: " + said);
    }
    return number_after(said, "tps = ");
}

}  // namespace bench
