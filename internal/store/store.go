// Package store is Postgres as the rest of Perennial sees it: typed reads and writes, and transactions.
// The rules that must never be broken are constraints in package schema; this package names them as errors.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	pgxdecimal "github.com/jackc/pgx-shopspring-decimal"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/perennial-billing/perennial/schema"
)

// ErrNotFound is wrapped when a row that was named does not exist.
var ErrNotFound = errors.New("not found")

// ErrExists is wrapped when a row with the same identity exists already.
var ErrExists = errors.New("exists already")

// Store is a pool of connections. Its Queries run outside of any transaction.
type Store struct {
	Queries
	pool *pgxpool.Pool
}

// Queries are the typed statements, over a pool or inside a transaction.
type Queries struct{ db database }

// Tx is a transaction.
type Tx struct{ Queries }

type database interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
}

// Open connects to the database at url and checks that it answers. It does not migrate.
func Open(ctx context.Context, url string, maxConns int32) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	config.MaxConns = maxConns
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		pgxdecimal.Register(conn.TypeMap())
		// Instants are read in UTC, whatever zone this machine is in.
		conn.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	return &Store{Queries: Queries{db: pool}, pool: pool}, nil
}

// Close returns all connections.
func (s *Store) Close() { s.pool.Close() }

// Migrate brings the schema to the newest version and returns the versions before and after.
func (s *Store) Migrate(ctx context.Context) (from, to int32, err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("connect to Postgres: %w", err)
	}
	defer conn.Release()
	return schema.Migrate(ctx, conn.Conn())
}

// Tx runs f in one transaction: all of its writes happen, or none.
func (s *Store) Tx(ctx context.Context, f func(tx Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		return f(Tx{Queries{db: tx}})
	})
}

// one reads exactly one row into a struct by column names; what is named in the error when there is none.
func one[T any](ctx context.Context, db database, what, sql string, args ...any) (T, error) {
	var zero T
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return zero, fmt.Errorf("read %s: %w", what, err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	if errors.Is(err, pgx.ErrNoRows) {
		return zero, fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	if err != nil {
		return zero, fmt.Errorf("read %s: %w", what, err)
	}
	return row, nil
}

// many reads rows into structs by column names.
func many[T any](ctx context.Context, db database, what, sql string, args ...any) ([]T, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	return list, nil
}

// exec runs a statement; what is named in the error.
func (q Queries) exec(ctx context.Context, what, sql string, args ...any) (int64, error) {
	tag, err := q.db.Exec(ctx, sql, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return tag.RowsAffected(), nil
}

// Violates says whether err comes from the constraint (or unique index) of that name.
func Violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == constraint
}
