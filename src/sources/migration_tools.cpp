// SPDX-License-Identifier: Apache-2.0
#include "sources/migration_tools.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sources {

namespace {

struct Sign {
    std::string_view pattern;  // of a path below the folder
    MigrationTool tool;
};

constexpr MigrationTool k_prisma{"Prisma", "npx prisma migrate deploy"};
constexpr MigrationTool k_drizzle{"Drizzle", "npx drizzle-kit migrate"};
constexpr MigrationTool k_flyway{
    "Flyway",
    "flyway -url=\"jdbc:postgresql://$PGHOST:$PGPORT/$PGDATABASE\" -user=\"$PGUSER\" "
    "-password=\"$PGPASSWORD\" -locations=filesystem:{} migrate"};
constexpr MigrationTool k_up_down{"golang-migrate or sqlx",
                                  "migrate -path {} -database \"$DATABASE_URL\" up' or 'sqlx "
                                  "migrate run"};
constexpr MigrationTool k_dbmate{"dbmate", "dbmate --migrations-dir {} up"};
constexpr MigrationTool k_goose{"goose", "goose -dir {} postgres \"$DATABASE_URL\" up"};
constexpr MigrationTool k_sql_migrate{"sql-migrate", "sql-migrate up"};
constexpr MigrationTool k_liquibase{"Liquibase", "liquibase update"};
constexpr MigrationTool k_rails{"Rails", "bin/rails db:migrate"};
constexpr MigrationTool k_django{"Django", "python manage.py migrate"};
constexpr MigrationTool k_alembic{"Alembic", "alembic upgrade head"};
constexpr MigrationTool k_knex{"Knex", "npx knex migrate:latest"};
constexpr MigrationTool k_sequelize{"Sequelize", "npx sequelize-cli db:migrate"};
constexpr MigrationTool k_typeorm{"TypeORM", "npx typeorm migration:run"};
constexpr MigrationTool k_node_pg{"node-pg-migrate", "npx node-pg-migrate up"};
constexpr MigrationTool k_mikro{"MikroORM", "npx mikro-orm migration:up"};
constexpr MigrationTool k_sqitch{"Sqitch", "sqitch deploy"};
constexpr MigrationTool k_atlas{"Atlas",
                                "atlas migrate apply --dir file://{} --url \"$DATABASE_URL\""};
constexpr MigrationTool k_hasura{"Hasura", "hasura migrate apply"};
constexpr MigrationTool k_diesel{"Diesel", "diesel migration run"};
constexpr MigrationTool k_ecto{"Ecto", "mix ecto.migrate"};
constexpr MigrationTool k_entity_framework{"Entity Framework", "dotnet ef database update"};
constexpr MigrationTool k_laravel{"Laravel", "php artisan migrate --force"};
constexpr MigrationTool k_doctrine{"Doctrine",
                                   "php bin/console doctrine:migrations:migrate --no-interaction"};

constexpr MigrationTool k_postgrator{"Postgrator", "npx postgrator"};
constexpr MigrationTool k_yoyo{"yoyo", "yoyo apply --batch --database \"$DATABASE_URL\" {}"};
constexpr MigrationTool k_db_migrate{"db-migrate", "npx db-migrate up"};
constexpr MigrationTool k_graphile{"graphile-migrate", "npx graphile-migrate migrate"};
constexpr MigrationTool k_supabase{"Supabase", "npx supabase db push --db-url \"$DATABASE_URL\""};
constexpr MigrationTool k_tern{"tern", "tern migrate --migrations {}"};
constexpr MigrationTool k_mybatis{"MyBatis Migrations", "migrate up"};
constexpr MigrationTool k_play{"Play Evolutions", "sbt run"};
constexpr MigrationTool k_phinx{"Phinx", "vendor/bin/phinx migrate"};
constexpr MigrationTool k_yii{"Yii", "php yii migrate --interactive=0"};
constexpr MigrationTool k_rambler{"rambler", "rambler apply --all"};
constexpr MigrationTool k_grate{"grate", "grate --connectionstring=\"…\" --files={}"};
constexpr MigrationTool k_kysely{"Kysely", "npx kysely migrate:latest"};
constexpr MigrationTool k_tortoise{"Aerich", "aerich upgrade"};
constexpr MigrationTool k_fluent{"FluentMigrator", "dotnet fm migrate -p postgres"};
constexpr MigrationTool k_sequel{"Sequel", "bundle exec sequel -m {} \"$DATABASE_URL\""};
constexpr MigrationTool k_ley{"ley", "npx ley up"};

// The first that fits counts, so what only one tool has stands before what several have.
constexpr std::array k_signs{
    Sign{"migration_lock.toml", k_prisma},
    Sign{"schema.prisma", k_prisma},
    Sign{"meta/_journal.json", k_drizzle},
    Sign{"atlas.sum", k_atlas},
    Sign{"sqitch.plan", k_sqitch},
    Sign{"diesel.toml", k_diesel},
    Sign{"####-##-##-######*/up.sql", k_diesel},
    Sign{"00000000000000_diesel_initial_setup/up.sql", k_diesel},
    Sign{"*/up.sql", k_hasura},
    Sign{"*/*/up.sql", k_hasura},
    Sign{"*.do.sql", k_postgrator},
    Sign{"*.do.*.sql", k_postgrator},
    Sign{"postgrator.json", k_postgrator},
    Sign{".postgratorrc*", k_postgrator},
    Sign{"yoyo.ini", k_yoyo},
    Sign{"*.rollback.sql", k_yoyo},
    Sign{"database.json", k_db_migrate},
    Sign{"sqls/*-up.sql", k_db_migrate},
    Sign{"##############-*-up.sql", k_db_migrate},
    Sign{".gmrc*", k_graphile},
    Sign{"committed/######*.sql", k_graphile},
    Sign{"tern.conf", k_tern},
    Sign{"rambler.json", k_rambler},
    Sign{"phinx.*", k_phinx},
    Sign{"m######_######_*.php", k_yii},
    Sign{"runAfterCreateDatabase/*", k_grate},
    Sign{"runFirstAfterUp/*", k_grate},
    Sign{"kysely.config.*", k_kysely},
    Sign{"#_##############_*.py", k_tortoise},
    Sign{"*Migration.cs", k_fluent},
    Sign{"####_*.rb", k_sequel},
    Sign{"###_*.rb", k_sequel},
    Sign{"ley.config.*", k_ley},
    Sign{"alembic.ini", k_alembic},
    Sign{"script.py.mako", k_alembic},
    Sign{"flyway.conf", k_flyway},
    Sign{"flyway.toml", k_flyway},
    Sign{"V#*__*.sql", k_flyway},
    Sign{"R__*.sql", k_flyway},
    Sign{"*.up.sql", k_up_down},
    Sign{"databasechangelog.csv", k_liquibase},
    Sign{"*changelog*.xml", k_liquibase},
    Sign{"*changelog*.yaml", k_liquibase},
    Sign{"*changelog*.yml", k_liquibase},
    Sign{"*changelog*.json", k_liquibase},
    Sign{"##############_*.rb", k_rails},
    Sign{"migrate/##############_*.rb", k_rails},
    Sign{"##############_*.exs", k_ecto},
    Sign{"####_*.py", k_django},
    Sign{"*.Designer.cs", k_entity_framework},
    Sign{"*ModelSnapshot.cs", k_entity_framework},
    Sign{"####_##_##_######_*.php", k_laravel},
    Sign{"Version##############.php", k_doctrine},
    Sign{"Migration##############*.ts", k_mikro},
    Sign{"knexfile.*", k_knex},
    Sign{"##############_*.*s", k_knex},
    Sign{"##############-*.*s", k_sequelize},
    Sign{"#############-*.*s", k_typeorm},
    Sign{"#############_*.*s", k_node_pg},
};

struct Mark {
    std::string_view text;
    MigrationTool tool;
};
constexpr std::array k_marks{
    Mark{"-- migrate:up", k_dbmate},
    Mark{"-- +goose Up", k_goose},
    Mark{"-- +migrate Up", k_sql_migrate},
    Mark{"--liquibase formatted sql", k_liquibase},
    Mark{"-- liquibase formatted sql", k_liquibase},
    Mark{"-- Up Migration", k_node_pg},
    Mark{"--! Previous: ", k_graphile},
    Mark{"---- create above / drop below ----", k_tern},
    Mark{"-- rambler up", k_rambler},
    Mark{"-- //@UNDO", k_mybatis},
    Mark{"--//@UNDO", k_mybatis},
    Mark{"# --- !Ups", k_play},
    Mark{"-- !Ups", k_play},
};

}  // namespace

bool is_like(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) return text.empty();
    const char first = pattern.front();
    const auto rest = pattern.substr(1);
    if (first == '*') {
        for (std::size_t size = 0; size <= text.size(); ++size) {
            if (is_like(text.substr(size), rest)) return true;
            if (size < text.size() && text[size] == '/') return false;
        }
        return false;
    }
    const bool fits = !text.empty() && (first == '#' ? base::is_digit(text[0]) : text[0] == first);
    return fits && is_like(text.substr(1), rest);
}

std::optional<MigrationTool> tool_of(const std::vector<std::string>& files) {
    for (const auto& sign : k_signs) {
        for (const auto& file : files) {
            if (is_like(file, sign.pattern)) return sign.tool;
            // Somebody who names prisma/ or db/ means what is in migrations/.
            const std::string_view below = "migrations/";
            if (file.starts_with(below) && is_like(file.substr(below.size()), sign.pattern)) {
                return sign.tool;
            }
        }
    }
    return std::nullopt;
}

std::optional<MigrationTool> tool_by_path(std::string_view path,
                                          const std::vector<std::string>& files) {
    while (path.ends_with('/')) path.remove_suffix(1);
    const auto holds_migrations = [](const std::string& file) {
        return file.starts_with("migrations/");
    };
    const bool above = path.ends_with("/supabase") && std::ranges::any_of(files, holds_migrations);
    if (above || path.ends_with("/supabase/migrations")) return k_supabase;
    return std::nullopt;
}

std::optional<MigrationTool> tool_by_marks(std::string_view beginning) {
    for (const auto& mark : k_marks) {
        if (beginning.find(mark.text) != std::string_view::npos) return mark.tool;
    }
    return std::nullopt;
}

}  // namespace sources
