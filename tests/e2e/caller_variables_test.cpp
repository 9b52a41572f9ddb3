// SPDX-License-Identifier: Apache-2.0
//
// The caller's own variables for libpq, locales and encodings: every verb answers as without them.
#include <regex>

#include "e2e/cli_fixture.h"
#include "support/stride.h"

namespace {

using testing::HasSubstr;

constexpr const char* k_name = "größe/œuvre";

const std::vector<e2e::Variables>& hostile() {
    static const std::vector<e2e::Variables> k_sets{
        {{"PGCLIENTENCODING", "LATIN1"}},
        {{"PGCLIENTENCODING", "SJIS"}, {"LC_ALL", "ja_JP.SJIS"}},
        {{"PGCLIENTENCODING", "no such encoding"}},
        {{"PGTZ", "Asia/Kathmandu"}, {"PGDATESTYLE", "German"}, {"TZ", "America/St_Johns"}},
        {{"PGTZ", "no such zone"}, {"PGDATESTYLE", "no such style"}, {"PGGEQO", "perhaps"}},
        {{"PGOPTIONS", "-c default_transaction_read_only=on"}},
        {{"PGOPTIONS", "-c search_path=nowhere -c standard_conforming_strings=off"}},
        {{"PGOPTIONS",
          "-c bytea_output=escape -c extra_float_digits=-15 -c IntervalStyle=sql_standard"}},
        {{"PGOPTIONS", "-c default_transaction_isolation=serializable -c row_security=off"}},
        {{"PGOPTIONS", "-c statement_timeout=1 -c lock_timeout=1 -c role=none"}},
        {{"PGOPTIONS", "-c no.such=1 --nonsense"}, {"PGAPPNAME", "it's \"me\""}},
        {{"PGHOST", "192.0.2.1"},
         {"PGHOSTADDR", "192.0.2.1"},
         {"PGPORT", "1"},
         {"PGUSER", "eve"},
         {"PGPASSWORD", "wrong"},
         {"PGDATABASE", "nowhere"}},
        {{"PGSERVICE", "no such service"},
         {"PGSERVICEFILE", "/nowhere"},
         {"PGPASSFILE", "/nowhere"},
         {"PGSYSCONFDIR", "/nowhere"}},
        {{"PGSSLMODE", "verify-full"},
         {"PGSSLROOTCERT", "/nowhere"},
         {"PGGSSENCMODE", "require"},
         {"PGTARGETSESSIONATTRS", "standby"},
         {"PGCONNECT_TIMEOUT", "no number"},
         {"PGLOADBALANCEHOSTS", "random"}},
        {{"LC_ALL", "C"},
         {"LANG", "tr_TR.ISO-8859-9"},
         {"LC_NUMERIC", "de_DE"},
         {"LANGUAGE", "de"}}};
    return k_sets;
}

// What was made at another moment differs in its times, and nothing else.
std::string without_times(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool year = text.compare(i, 2, "20") == 0 && text.size() > i + 20 &&
                          text[i + 4] == '-' && text[i + 10] == 'T';
        if (year) i += 19;
        result += year ? std::string("TIME") : std::string(1, text[i]);
    }
    return std::regex_replace(result, std::regex("expires +in [^\n]*"), "expires in TIME");
}

class CallerVariables : public e2e::CliTest {
   protected:
    // A server whose URL says how to reach it, TLS included: PGSSLMODE is a caller's to demand.
    static e2e::Variables with_server(e2e::Variables variables, const std::string& url) {
        const auto* separator = url.find('?') == std::string::npos ? "?" : "&";
        variables.emplace("REVIEWDB_SERVER", url + separator + "sslmode=disable");
        return variables;
    }
    // Everything that the calls print, with their exit codes.
    std::string answers(const std::vector<e2e::Words>& calls, const e2e::Variables& variables,
                        const std::string& url = operator_url()) const {
        std::string told;
        for (const auto& words : calls) {
            auto all = words;
            all.insert(all.begin() + 1, {"--project", "callers"});
            auto finished = reviewdb(all, with_server(variables, url));
            told += words.front() + " " + std::to_string(finished.exit_code) + "\n" +
                    without_times(finished.out);
            if (finished.exit_code != 0) told += finished.err;
        }
        return told;
    }
    // A life of an environment.
    std::string life(const e2e::Variables& variables) const {
        return answers({{"create", k_name, "-o", "json", "--label", "team=grün"},
                        {"create", k_name, "-o", "json"},
                        {"get", k_name, "-o", "json"},
                        {"list", "-o", "json"},
                        {"protect", k_name},
                        {"delete", k_name, "--yes"},
                        {"unprotect", k_name},
                        {"extend", k_name, "--ttl", "3d"},
                        {"close", k_name, "--reason", "für später"},
                        {"url", k_name},
                        {"open", k_name},
                        {"exec", k_name, "--", "true"},
                        {"rotate", k_name},
                        {"reset", k_name, "--yes"},
                        {"repair", k_name},
                        {"sweep", "--dry-run"},
                        {"config"},
                        {"delete", k_name, "--yes"},
                        {"get", k_name},
                        {"restore", k_name},
                        {"delete", k_name, "--yes", "--purge"}},
                       variables);
    }
    static std::string operator_address() {
        return "127.0.0.1:" + std::string(e2e::login_of(operator_url()).get("port"));
    }
    // Without what is random in it: the role's name.
    static std::string plain(std::string text) {
        for (auto at = text.find("callers_"); at != std::string::npos;
             at = text.find("callers_", at + 1)) {
            const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567", at + 8);
            if (end - at == 18) text.replace(at, 18, "ROLE");
        }
        return text;
    }
};

TEST_F(CallerVariables, DoNotChangeWhatAnyVerbAnswers) {
    const auto expected = plain(life({}));
    ASSERT_THAT(expected, HasSubstr("create 0"));
    ASSERT_THAT(expected, HasSubstr(k_name));
    for (const auto& variables : hostile()) {
        SCOPED_TRACE(testing::PrintToString(variables));
        EXPECT_EQ(plain(life(variables)), expected);
    }
}

// One of five sets every day; ./dev chaos tries all.
TEST_F(CallerVariables, DoNotChangeWhatThePlatformEngineerIsAnswered) {
    const std::vector<e2e::Words> daily{{"history"},          {"report"},         {"trash"},
                                        {"template", "list"}, {"pool", "status"}, {"key", "list"}};
    const std::vector<e2e::Words> rare{
        {"init", "--sslmode", "disable", "--advertise", operator_address()},
        {"upgrade"},
        {"doctor"},
        {"uninstall", "--dry-run"}};
    const auto& administrator = e2e::prepared().administrator;
    const auto all = [&](const e2e::Variables& variables) {
        return answers(daily, variables) + answers(rare, variables, administrator);
    };
    const auto expected = all({});
    ASSERT_THAT(expected, HasSubstr("init 0"));
    ASSERT_THAT(expected, HasSubstr("history 0"));
    for (std::size_t i = 0; i < hostile().size(); ++i) {
        if (!support::is_of_every_day(static_cast<int>(i), 5)) continue;
        SCOPED_TRACE(testing::PrintToString(hostile()[i]));
        EXPECT_EQ(all(hostile()[i]), expected);
    }
}

// The operator's login without its password, as a team's CI has it.
struct Split {
    std::string server;
    std::string password;
};
Split split(const std::string& url) {
    const auto login = e2e::login_of(url);
    return {"host=127.0.0.1 port=" + std::string(login.get("port")) +
                " sslmode=disable user=" + std::string(login.get("user")),
            login.password().reveal()};
}

TEST_F(CallerVariables, ThatReviewdbWroteForTheApplicationDoNotChangeItsNextCall) {
    const auto [server, password] = split(operator_url());
    e2e::Variables job{{"REVIEWDB_SERVER", server}, {"REVIEWDB_PASSWORD", password}};
    const auto made = boost::json::parse(output({"create", "job", "-o", "json"}, job));
    const auto login = e2e::login_of(output({"url", "job"}, job));
    job["DATABASE_URL"] = login.to_uri().reveal();
    job["PGHOST"] = "198.51.100.1";
    job["PGPORT"] = "1";
    job["PGUSER"] = std::string(login.get("user"));
    job["PGPASSWORD"] = login.password().reveal();
    job["PGDATABASE"] = std::string(login.get("dbname"));
    job["PGSSLMODE"] = "verify-full";
    EXPECT_EQ(boost::json::parse(output({"get", "job", "-o", "json"}, job)).at("role"),
              made.at("role"));
    job["REVIEWDB_SERVER"] = "user=reviewdb_operator";
    const auto lost = reviewdb({"get", "job"}, job);
    EXPECT_EQ(lost.exit_code, 2) << lost.err;
    EXPECT_THAT(lost.err, HasSubstr("does not name the host"));
    output({"delete", "job", "--yes"});
}

TEST_F(CallerVariables, OfAPersonStillSayHowToLogIn) {
    const auto login = e2e::login_of(operator_url());
    const auto [server, password] = split(operator_url());
    output({"list"}, {{"REVIEWDB_SERVER", server}, {"PGPASSWORD", password}});
    output({"list"}, {{"REVIEWDB_SERVER", "dbname=postgres"},
                      {"PGHOST", "127.0.0.1"},
                      {"PGPORT", std::string(login.get("port"))},
                      {"PGUSER", std::string(login.get("user"))},
                      {"PGPASSWORD", password},
                      {"PGSSLMODE", "disable"}});
    const auto empty = reviewdb({"list"}, {{"REVIEWDB_SERVER", server}, {"REVIEWDB_PASSWORD", ""}});
    EXPECT_EQ(empty.exit_code, 2) << empty.err;
    EXPECT_THAT(empty.err, HasSubstr("REVIEWDB_PASSWORD"));
    const auto wrong = reviewdb(
        {"list"},
        {{"REVIEWDB_SERVER", server}, {"REVIEWDB_PASSWORD", "wrong"}, {"PGPASSWORD", password}});
    EXPECT_EQ(wrong.exit_code, 5) << "REVIEWDB_PASSWORD wins: " << wrong.err;
}

TEST_F(CallerVariables, SayNothingAboutADatabaseThatATemplateIsMadeFrom) {
    const auto login = e2e::login_of(operator_url());
    const auto made = reviewdb({"template", "create", "sourced", "--from",
                                "postgresql://" + std::string(login.get("user")) +
                                    "@127.0.0.1:" + std::string(login.get("port")) + "/postgres"},
                               {{"PGPASSWORD", login.password().reveal()}});
    EXPECT_NE(made.exit_code, 0) << made.out;
    EXPECT_THAT(made.err, HasSubstr("password"));
}

}  // namespace
