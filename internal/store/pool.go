package store

import (
	"context"
	"errors"
	"fmt"
)

// Ping checks that the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("reach Postgres: %w", err)
	}
	return nil
}

// ErrBusy is wrapped when somebody else holds what was to be done exclusively.
var ErrBusy = errors.New("is being done by somebody else")

// Exclusively runs f unless any program on the same database runs something under this name; then it returns ErrBusy.
func (s *Store) Exclusively(ctx context.Context, name string, f func() error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer conn.Release()
	var locked bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, name).Scan(&locked); err != nil {
		return fmt.Errorf("lock %s: %w", name, err)
	}
	if !locked {
		return fmt.Errorf("%s %w", name, ErrBusy)
	}
	err = f()
	// The lock belongs to the connection, which goes back to the pool: it is given up even when ctx has ended.
	if _, unlockErr := conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(hashtextextended($1, 0))`, name); unlockErr != nil {
		return errors.Join(err, fmt.Errorf("unlock %s: %w", name, unlockErr))
	}
	return err
}
