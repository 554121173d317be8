package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/demo"
	"github.com/perennial-billing/perennial/starter/proof"
)

func (p *program) check() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Prove that the books are right", Args: cobra.NoArgs,
		Long: `Prove from the records alone that every posting balances, that our payments are those in the sandbox's own books, and
that every billing period has exactly one invoice or a stated reason. Against the real Stripe the payments are left out.
What is under way, such as a payment that was made and is just being recorded, differs for a moment: what does not hold is
looked at again, up to three times in all.`,
		Example: "  go run ./starter check\n  go run ./starter check --json",
		RunE: p.do(func(ctx context.Context, _ []string) error {
			settings, db, err := p.openDatabase(ctx)
			if err != nil {
				return err
			}
			defer db.Close()
			report, err := prove(ctx, db, settings.StripeURL)
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

const (
	looks     = 3
	lookAgain = 2 * time.Second
)

// prove draws the proofs again while one does not hold: the two sides are not read at the same moment.
func prove(ctx context.Context, db *store.Store, booksURL string) (proof.Report, error) {
	for look := 1; ; look++ {
		report, err := proof.Run(ctx, db, booksURL)
		if err != nil || report.Holds() || look == looks {
			return report, err
		}
		select {
		case <-ctx.Done():
			return report, ctx.Err()
		case <-time.After(lookAgain):
		}
	}
}

func (p *program) migrate() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the database to the newest schema; repeating it is safe", Args: cobra.NoArgs,
		Example: "  DATABASE_URL=postgres://billing@db:5432/perennial go run ./starter migrate",
		RunE: p.do(func(ctx context.Context, _ []string) error {
			_, db, err := p.openDatabase(ctx)
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
