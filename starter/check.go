package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/starter/demo"
	"github.com/perennial-billing/perennial/starter/proof"
)

func (p *program) check() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Prove that the books are right", Args: cobra.NoArgs,
		Long: `Prove from the records alone that every posting balances, that our payments are those in the sandbox's own books, and
that every billing period has exactly one invoice or a stated reason. Against the real Stripe the payments are left out.`,
		Example: "  go run ./starter check\n  go run ./starter check --json",
		RunE: p.do(func(ctx context.Context, _ []string) error {
			_, settings, err := p.settings()
			if err != nil {
				return err
			}
			db, err := p.open(ctx, settings, connections)
			if err != nil {
				return err
			}
			defer db.Close()
			report, err := proof.Run(ctx, db, settings.StripeURL)
			if err != nil {
				return err
			}
			err = p.show(report, func(out io.Writer) error { demo.PrintProofs(out, report); return nil })
			if err == nil && !report.Holds() {
				err = errors.New("a proof does not hold")
			}
			return err
		}),
	}
}

func (p *program) migrate() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the database to the newest schema; repeating it is safe", Args: cobra.NoArgs,
		Example: "  DATABASE_URL=postgres://billing@db:5432/perennial go run ./starter migrate",
		RunE: p.do(func(ctx context.Context, _ []string) error {
			_, settings, err := p.settings()
			if err != nil {
				return err
			}
			db, err := p.open(ctx, settings, connections)
			if err != nil {
				return err
			}
			defer db.Close()
			from, to, err := db.Migrate(ctx)
			if err != nil {
				return err
			}
			return p.show(map[string]int32{"from": from, "to": to}, func(out io.Writer) error {
				_, err := fmt.Fprintf(out, "Schema: version %d (was %d)\n", to, from)
				return err
			})
		}),
	}
}
