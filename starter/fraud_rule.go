package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

const ruleManual = `A rule is a condition in CEL, the Common Expression Language, over facts:

  payment.    amount, currency, reference_amount (in the currency of the books), reference_currency, first, attempt, initiator, method,
              card_country, funding, network, fingerprint
  customer.   id, country, email, email_domain, email_disposable, age_days, business, tax_id_valid, payments, refunds, disputes
  velocity.customer. velocity.card. velocity.email_domain.   payments_1h, declines_24h, cards_7d, customers_30d, …: before this payment
  outcome.    risk_level, risk_score: what the provider said of the customer's last charge

Amounts are minor units. listed("blocked_cards", payment.fingerprint) asks a list. A rule does not match when it asks for a fact that
is not known, unless it asks with has(payment.card_country) first. Kinds are asked in the order request_3ds, allow, block, review, and the
first kind of which a rule matches decides.`

func (p *program) fraudRules() *cobra.Command {
	g := p.group("rule", "List, add, test, enable and retire rules", p.listRules(), p.showRule(), p.addRule(), p.testRule(), p.enableRule(), p.retireRule())
	g.Long = ruleManual
	return g
}

func (p *program) printRules(result any, rules []store.FraudRule) error {
	return p.show(result, func(out io.Writer) error {
		rows := make([][]any, len(rules))
		for i, x := range rules {
			rows[i] = []any{x.Name, x.Version, x.Kind, x.Status, x.Expression, x.AddedBy, x.AddedWhy, x.EnabledAt, x.RetiredAt}
		}
		return table(out, "rule|version|kind|status|expression|added by|because|live since|retired", rows)
	})
}

func (p *program) listRules() *cobra.Command {
	var entity, status string
	c := &cobra.Command{
		Use: "list", Short: "List rules, all versions", Args: cobra.NoArgs, Example: "  go run ./starter fraud rule list --entity acme --status live",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Rules(ctx, entity, status)
			if err != nil {
				return err
			}
			return p.printRules(found, found.Data)
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "the legal entity")
	c.Flags().StringVar(&status, "status", "", "draft, live or retired")
	return needs(c, "entity")
}

func (p *program) showRule() *cobra.Command {
	var entity string
	c := &cobra.Command{
		Use: "show NAME", Short: "Show the versions of a rule, the newest first", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter fraud rule show large-first --entity acme --json",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.Rule(ctx, entity, args[0])
			if err != nil {
				return err
			}
			return p.printRules(found, found.Data)
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "the legal entity")
	return needs(c, "entity")
}

// expressionFlags lets an expression be given in a file or on the command line.
type expressionFlags struct{ file, expression string }

func (e *expressionFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&e.file, "file", "", "the expression; - reads standard input")
	c.Flags().StringVar(&e.expression, "expression", "", "the expression itself")
	c.MarkFlagsMutuallyExclusive("file", "expression")
}

func (p *program) read(e expressionFlags) (string, error) {
	if e.file == "" {
		return strings.TrimSpace(e.expression), nil
	}
	text := ""
	err := p.withFile(e.file, func(r io.Reader) error {
		raw, err := io.ReadAll(io.LimitReader(r, 1<<20))
		text = strings.TrimSpace(string(raw))
		return err
	})
	return text, err
}

func (p *program) addRule() *cobra.Command {
	var in service.NewRule
	var from expressionFlags
	c := &cobra.Command{
		Use: "add NAME", Short: "Add a version of a rule, as a draft", Args: cobra.ExactArgs(1), Long: ruleManual,
		Example: `  go run ./starter fraud rule add large-first --entity acme --kind review --by ada --reason "chargebacks in March" \
    --expression "payment.first && payment.reference_amount > 50000"
  go run ./starter fraud rule add shared-card --entity acme --kind block --file shared-card.cel --by ada --reason "card testing"`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			var err error
			if in.Expression, err = p.read(from); err != nil {
				return err
			}
			in.Name = args[0]
			added, err := svc.AddRule(ctx, in)
			if err != nil {
				return err
			}
			return p.printRules(added, []store.FraudRule{added})
		}),
	}
	c.Flags().StringVar(&in.Entity, "entity", "", "the legal entity")
	c.Flags().StringVar(&in.Kind, "kind", "", "request_3ds, allow, block or review")
	from.add(c)
	c.MarkFlagsOneRequired("file", "expression")
	explained(c, &in.Explained)
	return needs(c, "entity", "kind", "by", "reason")
}

func (p *program) testRule() *cobra.Command {
	var in service.RuleTest
	var from expressionFlags
	var name string
	since := lookBack(90)
	c := &cobra.Command{
		Use: "test", Short: "Say what a rule would have done to the payments of the past", Args: cobra.NoArgs,
		Long: `Evaluate an expression, or the newest version of a rule, for every attempt to pay of a number of days, with the facts as they were
then. No payment is changed; that it was tried is recorded, and lets the rule go live.`,
		Example: `  go run ./starter fraud rule test --entity acme --file rule.cel --kind block --since 90d
  go run ./starter fraud rule test --entity acme --rule large-first`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			var err error
			if in.Expression, err = p.read(from); err != nil {
				return err
			}
			if name != "" {
				versions, err := svc.Rule(ctx, in.Entity, name)
				if err != nil {
					return err
				}
				in.Kind, in.Expression = string(versions.Data[0].Kind), versions.Data[0].Expression
			}
			in.SinceDays = int(since)
			ran, err := svc.TestRule(ctx, in)
			if err != nil {
				return err
			}
			return p.show(ran, func(out io.Writer) error { return printDryRun(out, ran) })
		}),
	}
	c.Flags().StringVar(&in.Entity, "entity", "", "the legal entity")
	c.Flags().StringVar(&in.Kind, "kind", "", "request_3ds, allow, block or review; required with an expression")
	c.Flags().StringVar(&name, "rule", "", "the newest version of this rule")
	c.Flags().Var(&since, "since", "how many days back, such as 90d")
	from.add(c)
	c.MarkFlagsOneRequired("file", "expression", "rule")
	c.MarkFlagsMutuallyExclusive("rule", "file")
	c.MarkFlagsMutuallyExclusive("rule", "expression")
	c.MarkFlagsMutuallyExclusive("rule", "kind")
	return needs(c, "entity")
}

// printDryRun says it in a sentence, as it is told to others.
func printDryRun(out io.Writer, ran store.DryRun) error {
	did := map[string]string{"request_3ds": "asked for 3-D Secure in", "allow": "allowed", "block": "blocked", "review": "reviewed"}[string(ran.Kind)]
	_, err := fmt.Fprintf(out, "would have %s %s of %s payments since %s (of which %s succeeded, %s were later disputed and %s reported as fraud)\n",
		did, grouped(ran.Matched), grouped(ran.Payments), ran.Since.UTC().Format("2006-01-02"), grouped(ran.Succeeded), grouped(ran.Disputed), grouped(ran.Warned))
	if err == nil && ran.Unknown > 0 {
		_, err = fmt.Fprintf(out, "passed over %s payments, because a fact that it asks for is not known: ask with has() first\n", grouped(ran.Unknown))
	}
	return err
}

// grouped writes thousands apart: 4,310.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// lookBack reads a number of days: 90d, or 90.
type lookBack int

// String implements pflag.Value.
func (l *lookBack) String() string { return strconv.Itoa(int(*l)) + "d" }

// Set implements pflag.Value.
func (l *lookBack) Set(text string) error {
	days, err := strconv.Atoi(strings.TrimSuffix(text, "d"))
	if err != nil || days < 1 {
		return fmt.Errorf("%q is not a number of days such as 90d", text)
	}
	*l = lookBack(days)
	return nil
}

// Type implements pflag.Value.
func (l *lookBack) Type() string { return "days" }

func (p *program) enableRule() *cobra.Command {
	var in service.EnableRule
	var entity string
	c := &cobra.Command{
		Use: "enable NAME", Short: "Put a draft in force, in place of the version that was", Args: cobra.ExactArgs(1),
		Long: `Put a draft in force. It must have been tried on the payments of the past in exactly these words (fraud rule test), or
--without-dry-run be given with the reason why not.`,
		Example: `  go run ./starter fraud rule enable large-first --entity acme --by ada --reason "4 of 5 were fraud"
  go run ./starter fraud rule enable shared-card --entity acme --without-dry-run --by ada --reason "attack under way"`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			enabled, err := svc.EnableRule(ctx, entity, args[0], in)
			if err != nil {
				return err
			}
			return p.printRules(enabled, []store.FraudRule{enabled})
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "the legal entity")
	c.Flags().IntVar(&in.Version, "version", 0, "the version (default: the newest draft)")
	c.Flags().BoolVar(&in.WithoutDryRun, "without-dry-run", false, "go live without having tried it; the reason is kept")
	explained(c, &in.Explained)
	return needs(c, "entity", "by", "reason")
}

func (p *program) retireRule() *cobra.Command {
	var in service.RetireRule
	var entity string
	c := &cobra.Command{
		Use: "retire NAME", Short: "Take a rule out of force, for good", Args: cobra.ExactArgs(1),
		Example: `  go run ./starter fraud rule retire large-first --entity acme --by ada --reason "too many false alarms"`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			retired, err := svc.RetireRule(ctx, entity, args[0], in)
			if err != nil {
				return err
			}
			return p.printRules(retired, []store.FraudRule{retired})
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "the legal entity")
	c.Flags().IntVar(&in.Version, "version", 0, "the version (default: the one in force)")
	explained(c, &in.Explained)
	return needs(c, "entity", "by", "reason")
}
