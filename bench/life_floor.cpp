// SPDX-License-Identifier: Apache-2.0
#include "life_floor.h"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "support/must.h"
#include "support/tcp_proxy.h"

namespace bench {

namespace {

std::string login_line(const pg::ConnectionInfo& login) {
    return fmt::format("{} {}\n", login.get("user"), login.password().reveal());
}

}  // namespace

LifeFloor::LifeFloor(const Stand& stand, const Life& life)
    : stand_(stand), remove_by_reviewdb_(life.remove), folder_("reviewdb-bench-", 0700) {
    create_ = hear(life.create);
    again_ = hear(life.create);
    auto text = output_of(life.url);
    text.erase(text.find_last_not_of('\n') + 1);
    const auto its_login = support::must(pg::ConnectionInfo::parse(base::Secret(text)));
    database_ = its_login.get("dbname");
    recorded_oids_.push_back(stand_.oid_of(database_));
    logins_ = login_line(stand_.login()) + login_line(its_login);
    if (life.reset) {
        reset_ = hear(*life.reset);
        recorded_oids_.push_back(stand_.oid_of(database_));
    }
    if (reset_) {
        output_of(life.remove);
    } else {
        remove_ = hear(life.remove);
    }
    if (life.empty_trash) output_of(*life.empty_trash);

    stand_.forget_what_is_gone();
    check("create", create_);
    present_oids_ = {stand_.oid_of(database_)};
    check("create again", with_present_oids(again_));
    if (reset_) {
        check("reset", with_present_oids(*reset_));
        present_oids_.push_back(stand_.oid_of(database_));
        output_of(life.remove);
    } else {
        check("delete", with_present_oids(remove_));
    }
    if (life.empty_trash) output_of(*life.empty_trash);
    stand_.forget_what_is_gone();
}

Conversation LifeFloor::hear(const Program& program) const {
    const support::TcpProxy wire(stand_.port());
    output_of(stand_.at_port(program, wire.port()));
    return Conversation::heard(wire.sent_by_departed());
}

void LifeFloor::check(std::string_view what, const Conversation& conversation) {
    const support::TcpProxy wire(stand_.port());
    output_of(floor(conversation, wire.port()));
    const auto said = Conversation::heard(wire.sent_by_departed());
    findings_.push_back(fmt::format(
        "{}: reviewdb says {} statements in {} logins and {} round trips; the floor says {} in {} "
        "and {}",
        what, conversation.statements(), conversation.logins(), conversation.round_trips(),
        said.statements(), said.logins(), said.round_trips()));
    const auto difference = conversation.difference(said);
    if (difference.empty()) return;
    throw std::runtime_error(findings_.back() + ", which differs at\n" + difference);
}

Program LifeFloor::floor(const Conversation& conversation, int port) const {
    const auto file = folder_ / "conversation";
    std::ofstream(file) << conversation.to_text();
    return {{REVIEWDB_FLOOR, file.string(), "127.0.0.1", std::to_string(port)},
            {{"FLOOR_LOGINS", logins_}}};
}

Conversation LifeFloor::with_present_oids(const Conversation& conversation) const {
    auto said = conversation;
    // By way of a word that is no oid: a present one may be a recorded one of the other.
    for (std::size_t i = 0; i < present_oids_.size(); ++i) {
        said = said.with(recorded_oids_[i], fmt::format("oid {}", i));
    }
    for (std::size_t i = 0; i < present_oids_.size(); ++i) {
        said = said.with(fmt::format("oid {}", i), present_oids_[i]);
    }
    return said;
}

double LifeFloor::create() {
    const double time = milliseconds_of(floor(create_, stand_.port()));
    present_oids_ = {stand_.oid_of(database_)};
    return time;
}
double LifeFloor::create_again() const {
    return milliseconds_of(floor(with_present_oids(again_), stand_.port()));
}
double LifeFloor::reset() {
    const double time = milliseconds_of(floor(with_present_oids(*reset_), stand_.port()));
    present_oids_.push_back(stand_.oid_of(database_));
    return time;
}
double LifeFloor::remove() const {
    if (reset_) return milliseconds_of(remove_by_reviewdb_);
    return milliseconds_of(floor(with_present_oids(remove_), stand_.port()));
}

}  // namespace bench
