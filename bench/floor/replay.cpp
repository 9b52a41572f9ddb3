// SPDX-License-Identifier: Apache-2.0
//
// The floor: bare libpq, and nothing else. Does what a conversation says (bench/conversation.h):
// the same logins and statements, in as many round trips, as reviewdb was heard to use.
//
//   floor FILE HOST PORT      and $FLOOR_LOGINS, one "user password" a line
//
// With $FLOOR_SSLMODE every login is made that way, whatever the conversation says, which was heard
// without TLS. A conversation may have HTTP calls in it, each a port of 127.0.0.1 and what to send.
//
// Two things are done as anybody has to do them. A verifier is made here, by libpq. And before a
// database is renamed or dropped, sessions that left it are waited for until their server processes
// are gone, which Postgres would otherwise do in steps of 100 ms.
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace {

[[noreturn]] void die(const char* what, const char* more) {
    fprintf(stderr, "floor: %s %s\n", what, more);
    exit(1);
}

struct Field {
    bool is_null = false;
    std::string text = {};
    const char* value() const { return is_null ? nullptr : text.c_str(); }
};

struct Action {
    std::string kind = {};
    std::size_t session = 0;
    std::vector<Field> fields = {};
};

using Login = std::pair<std::string, std::string>;

std::vector<Login> read_logins() {
    const char* given = getenv("FLOOR_LOGINS");
    std::string rest = given != nullptr ? given : "";
    std::vector<Login> logins;
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        const auto blank = line.find(' ');
        if (blank == std::string::npos) die("a bad line in", "$FLOOR_LOGINS");
        logins.emplace_back(line.substr(0, blank), line.substr(blank + 1));
        rest.erase(0, line.size() + 1);
    }
    return logins;
}

// The next word, and the blank or the end of line behind it; empty at the end of the file.
std::string read_word(FILE* file) {
    std::string word;
    for (int c = fgetc(file); c != EOF; c = fgetc(file)) {
        const bool ends = c == ' ' || c == '\n';
        if (ends && !word.empty()) return word;
        if (!ends) word += static_cast<char>(c);
    }
    return word;
}

Field read_field(FILE* file) {
    const auto size = read_word(file);
    Field field{size == "-"};
    if (field.is_null) return field;
    field.text.resize(std::stoul(size));
    if (fread(field.text.data(), 1, field.text.size(), file) != field.text.size()) {
        die("a short", "conversation");
    }
    return field;
}

bool read_action(FILE* file, Action& action) {
    action.kind = read_word(file);
    if (action.kind.empty()) return false;
    action.session = std::stoul(read_word(file));
    const auto count = std::stoul(read_word(file));
    action.fields.clear();
    while (action.fields.size() < count) action.fields.push_back(read_field(file));
    return true;
}

// An HTTP client that can do nothing but this.
class Caller {
   public:
    void call(const std::string& port, const std::string& request) {
        if (socket_ < 0) connect_to(port);
        if (send(socket_, request.data(), request.size(), 0) !=
            static_cast<ssize_t>(request.size())) {
            die("cannot send to port", port.c_str());
        }
        std::string answer;
        while (!is_whole(answer)) {
            char piece[4096];
            const auto size = recv(socket_, piece, sizeof piece, 0);
            if (size <= 0) die("no answer from port", port.c_str());
            answer.append(piece, static_cast<std::size_t>(size));
        }
    }

   private:
    void connect_to(const std::string& port) {
        socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int yes = 1;
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(port)));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            die("nobody listens at port", port.c_str());
        }
    }

    static bool is_whole(const std::string& answer) {
        const auto head = answer.find("\r\n\r\n");
        if (head == std::string::npos) return false;
        constexpr const char* k_length = "\r\nContent-Length: ";
        const auto length = answer.find(k_length);
        if (length > head) die("an answer without", "Content-Length");
        const auto size = std::stoul(answer.substr(length + std::string(k_length).size()));
        return answer.size() >= head + 4 + size;
    }

    int socket_ = -1;
};

class Floor {
   public:
    Floor(const char* host, const char* port) : host_(host), port_(port) {}

    void act(const Action& action) {
        if (action.kind == "call") {
            if (callers_.size() <= action.session) callers_.resize(action.session + 1);
            callers_[action.session].call(action.fields.at(0).text, action.fields.at(1).text);
            return;
        }
        if (sessions_.size() <= action.session) sessions_.resize(action.session + 1);
        auto& session = sessions_[action.session];
        if (action.kind == "connect") session = connect(action);
        if (action.kind == "statement") send(session, action);
        if (action.kind == "sync") collect(session);
        if (action.kind == "leave") PQfinish(session);
        if (action.kind == "depart") depart(session);
    }

   private:
    PGconn* connect(const Action& action) {
        std::vector<const char*> keywords{"host", "port", "gssencmode"};
        std::vector<const char*> values{host_, port_, "disable"};
        const auto add = [&](const char* keyword, const char* value) {
            keywords.push_back(keyword);
            values.push_back(value);
        };
        for (std::size_t i = 0; i + 1 < action.fields.size(); i += 2) {
            const auto& keyword = action.fields[i].text;
            const auto& value = action.fields[i + 1].text;
            const bool overruled = keyword == "sslmode" && sslmode_ != nullptr;
            add(keyword.c_str(), overruled ? sslmode_ : value.c_str());
            if (keyword != "user") continue;
            for (const auto& [user, password] : logins_) {
                if (user == value) add("password", password.c_str());
            }
        }
        add(nullptr, nullptr);
        PGconn* session = PQconnectdbParams(keywords.data(), values.data(), 0);
        if (PQstatus(session) != CONNECTION_OK) die("cannot log in:", PQerrorMessage(session));
        PQsetNoticeReceiver(
            session, [](void*, const PGresult*) {}, nullptr);
        PQenterPipelineMode(session);
        return session;
    }

    // The statement as it is, or with a new verifier of the password of whom it names.
    std::string finished(PGconn* session, std::string sql) const {
        constexpr const char* k_verifier = "'SCRAM-SHA-256$'";
        const auto start = sql.find(k_verifier);
        if (start == std::string::npos) return sql;
        for (const auto& [user, password] : logins_) {
            if (sql.find(user) == std::string::npos) continue;
            char* made = PQencryptPasswordConn(session, password.c_str(), "", "scram-sha-256");
            if (made == nullptr) die("no verifier:", PQerrorMessage(session));
            sql.replace(start, std::string(k_verifier).size(), "'" + std::string(made) + "'");
            PQfreemem(made);
            return sql;
        }
        die("no password for:", sql.c_str());
    }

    void send(PGconn* session, const Action& action) const {
        const auto sql = finished(session, action.fields.at(0).text);
        std::vector<const char*> values;
        for (std::size_t i = 1; i < action.fields.size(); ++i) {
            values.push_back(action.fields[i].value());
        }
        if (PQsendQueryParams(session, sql.c_str(), static_cast<int>(values.size()), nullptr,
                              values.data(), nullptr, nullptr, 0) == 0) {
            die("cannot send:", PQerrorMessage(session));
        }
    }

    static void collect(PGconn* session) {
        if (PQpipelineSync(session) == 0) die("cannot send:", PQerrorMessage(session));
        for (;;) {
            PGresult* result = PQgetResult(session);
            if (result == nullptr) continue;  // the end of one statement's answer
            const auto status = PQresultStatus(result);
            if (status == PGRES_FATAL_ERROR) die("refused:", PQresultErrorMessage(result));
            PQclear(result);
            if (status == PGRES_PIPELINE_SYNC) return;
        }
    }

    static void depart(PGconn* session) {
        const int watched = dup(PQsocket(session));
        PQfinish(session);
        // libpq's sockets never block.
        pollfd end{watched, POLLIN, 0};
        char rest[256];
        do {
            poll(&end, 1, -1);
        } while (recv(watched, rest, sizeof rest, 0) > 0);
        close(watched);
    }

    const char* host_;
    const char* port_;
    const char* sslmode_ = getenv("FLOOR_SSLMODE");
    std::vector<Login> logins_ = read_logins();
    std::vector<PGconn*> sessions_;
    std::vector<Caller> callers_;
};

}  // namespace

int main(int count, char** words) {
    if (count != 4) die("usage: floor", "FILE HOST PORT");
    FILE* file = fopen(words[1], "re");
    if (file == nullptr) die("cannot read", words[1]);
    Floor floor(words[2], words[3]);
    Action action;
    while (read_action(file, action)) floor.act(action);
    fclose(file);
    return 0;
}
