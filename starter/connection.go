package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

// The development stack's folder, and the file in it that tells other commands where the stack is.
const (
	devFolder = ".perennial"
	envFile   = "env"
)

// connections is enough for a command; the API has more.
const connections = 4

// connected is what a command works with.
type connected struct {
	settings config.Config
	store    *store.Store
	temporal client.Client
	service  *service.Service
}

func (c *connected) close() {
	c.temporal.Close()
	c.store.Close()
}

// environment is the program's own, or that of the development stack that runs in this folder.
func (p *program) environment() (config.Environment, error) {
	if p.env.Getenv("DATABASE_URL") != "" {
		return p.env, nil
	}
	raw, err := os.ReadFile(filepath.Join(p.dir, devFolder, envFile))
	if errors.Is(err, fs.ErrNotExist) {
		return p.env, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read where the development stack is: %w", err)
	}
	return append(strings.Split(strings.TrimSpace(string(raw)), "\n"), p.env...), nil
}

func (p *program) settings() (config.Environment, config.Config, error) {
	env, err := p.environment()
	if err != nil {
		return nil, config.Config{}, err
	}
	settings, err := config.FromEnv(env)
	return env, settings, err
}

func (p *program) connect(ctx context.Context) (*connected, error) {
	return p.connectWith(ctx, connections)
}

// open opens the database.
func (p *program) open(ctx context.Context, settings config.Config, most int32) (*store.Store, error) {
	db, err := store.Open(ctx, settings.DatabaseURL, most)
	if err != nil && p.env.Getenv("DATABASE_URL") == "" {
		return nil, fmt.Errorf("%w: is `go run ./starter dev` still running in this folder?", err)
	}
	return db, err
}

// openDatabase opens the database for a command that needs nothing else.
func (p *program) openDatabase(ctx context.Context) (config.Config, *store.Store, error) {
	_, settings, err := p.settings()
	if err != nil {
		return settings, nil, err
	}
	db, err := p.open(ctx, settings, connections)
	return settings, db, err
}

func (p *program) connectWith(ctx context.Context, most int32) (*connected, error) {
	env, settings, err := p.settings()
	if err != nil {
		return nil, err
	}
	db, err := p.open(ctx, settings, most)
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.NewTextHandler(p.err, &slog.HandlerOptions{Level: slog.LevelError}))
	temporal, namespace, err := config.Temporal(env, temporallog.NewStructuredLogger(quiet))
	if err != nil {
		db.Close()
		return nil, err
	}
	svc := service.New(db, temporal, namespace, p.now).WithStripe(settings.Stripe(), settings.StripeLive()).WithPages(settings.PublicURL)
	return &connected{settings: settings, store: db, temporal: temporal, service: svc}, nil
}
