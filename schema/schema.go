// Package schema holds what is remembered: the SQL migrations, embedded in the binary and applied forward only.
package schema

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/tern/v2/migrate"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrate brings the database at conn to the newest version and returns the versions it was at before and after.
// It is safe to run again and from several programs at once: an advisory lock lets one of them do the work.
func Migrate(ctx context.Context, conn *pgx.Conn) (from, to int32, err error) {
	migrator, err := migrate.NewMigrator(ctx, conn, "public.schema_version")
	if err != nil {
		return 0, 0, fmt.Errorf("prepare migrations: %w", err)
	}
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		return 0, 0, fmt.Errorf("read migrations: %w", err)
	}
	if err := migrator.LoadMigrations(sub); err != nil {
		return 0, 0, fmt.Errorf("load migrations: %w", err)
	}
	if from, err = migrator.GetCurrentVersion(ctx); err != nil {
		return 0, 0, fmt.Errorf("read schema version: %w", err)
	}
	if err := migrator.Migrate(ctx); err != nil {
		return from, from, fmt.Errorf("migrate from version %d: %w", from, err)
	}
	to, err = migrator.GetCurrentVersion(ctx)
	return from, to, err
}
