package main

import (
	"context"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) entitlements() *cobra.Command {
	return p.group("entitlement", "See which features customers may use, and count what they use", p.listEntitlements(), p.useFeature(), p.returnUse())
}

func (p *program) listEntitlements() *cobra.Command {
	return &cobra.Command{
		Use: "list CUSTOMER", Short: "List the features that a customer may use, with what is left of them", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter entitlement list erika",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.Entitlements(ctx, args[0])
			if err != nil {
				return err
			}
			return p.show(found, func(out io.Writer) error {
				rows := make([][]any, len(found.Data))
				for i, e := range found.Data {
					rows[i] = []any{e.Feature, e.Subscription, e.Plan, number(e.Limit), e.Per, number(e.Used), number(e.Remaining), e.ResetsAt}
				}
				return table(out, "feature|subscription|plan|limit|per|used|left|counts anew", rows)
			})
		}),
	}
}

func (p *program) useFeature() *cobra.Command {
	var in service.NewUse
	c := &cobra.Command{
		Use: "use CUSTOMER FEATURE", Short: "Ask whether a customer may use a feature, and count the use", Args: cobra.ExactArgs(2),
		Long: "Ask and count in one step, so that a limit cannot be oversold. Repeating an id counts nothing more.",
		Example: `  go run ./starter entitlement use erika video.generate --id video-8812
  go run ./starter entitlement use erika storage_gb --id upload-7 --quantity 5 --json`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			use, err := svc.UseFeature(ctx, args[0], args[1], in)
			if err != nil {
				return err
			}
			return p.showUse(use)
		}),
	}
	c.Flags().StringVar(&in.ID, "id", "", "your name for this use")
	c.Flags().Int64Var(&in.Quantity, "quantity", 1, "how often; all of it is granted, or nothing")
	return needs(c, "id")
}

func (p *program) returnUse() *cobra.Command {
	return &cobra.Command{
		Use: "return CUSTOMER FEATURE ID", Short: "Give a use back that came to nothing", Args: cobra.ExactArgs(3),
		Example: "  go run ./starter entitlement return erika video.generate video-8812",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			use, err := svc.ReturnUse(ctx, args[0], args[1], args[2])
			if err != nil {
				return err
			}
			return p.showUse(use)
		}),
	}
}

func (p *program) showUse(use service.Use) error {
	return p.show(use, func(out io.Writer) error {
		answer := "yes"
		switch {
		case use.Returned:
			answer = "given back"
		case !use.Allowed:
			answer = "no: " + use.Reason
		}
		rows := []any{"Use", use.ID, "Feature", use.Feature, "Quantity", use.Quantity, "Allowed", answer}
		if e := use.Entitlement; e != nil {
			rows = append(rows, "Subscription", e.Subscription, "Limit", number(e.Limit), "Left", number(e.Remaining), "Counts anew", e.ResetsAt)
		}
		return facts(out, rows...)
	})
}

// number is a number that may be missing.
func number(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}
