package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) fraudLists() *cobra.Command {
	return p.group("list", "Create and show lists that rules ask, and change what is on them", p.createList(), p.showLists(), p.addToList(), p.removeFromList())
}

func (p *program) printLists(result any, lists []store.FraudList) error {
	return p.show(result, func(out io.Writer) error {
		rows := make([][]any, len(lists))
		for i, x := range lists {
			rows[i] = []any{x.Name, x.ItemType, x.Items, x.CreatedBy, x.CreatedAt}
		}
		return table(out, "list|type|items|created by|created", rows)
	})
}

func (p *program) createList() *cobra.Command {
	var in service.NewList
	c := &cobra.Command{
		Use: "create NAME", Short: "Create a list; repeating it changes nothing", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter fraud list create sanctioned --entity acme --type country --by ada",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			in.Name = args[0]
			made, err := svc.CreateList(ctx, in)
			if err != nil {
				return err
			}
			return p.printLists(made, []store.FraudList{made})
		}),
	}
	c.Flags().StringVar(&in.Entity, "entity", "", "the legal entity")
	c.Flags().StringVar(&in.Type, "type", "", "email, email_domain, fingerprint, country or customer")
	c.Flags().StringVar(&in.By, "by", "", "who, for the record")
	return needs(c, "entity", "type", "by")
}

func (p *program) showLists() *cobra.Command {
	var entity, after string
	var limit int
	c := &cobra.Command{
		Use: "show [NAME]", Short: "Show all lists, or what is on one", Args: cobra.MaximumNArgs(1),
		Example: "  go run ./starter fraud list show --entity acme\n  go run ./starter fraud list show blocked_cards --entity acme --json",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			if len(args) == 0 {
				found, err := svc.Lists(ctx, entity)
				if err != nil {
					return err
				}
				return p.printLists(found, found.Data)
			}
			found, err := svc.ListItems(ctx, entity, args[0], after, limit)
			if err != nil {
				return err
			}
			return p.show(found, func(out io.Writer) error {
				if err := printItems(out, found.Data); err != nil {
					return err
				}
				return more(out, found.Next)
			})
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "the legal entity")
	p.paging(c, &after, &limit)
	return needs(c, "entity")
}

func printItems(out io.Writer, items []store.FraudListItem) error {
	rows := make([][]any, len(items))
	for i, x := range items {
		rows[i] = []any{x.Value, x.Source, x.SourceID, x.AddedBy, x.Why, x.AddedAt, x.ExpiresAt}
	}
	return table(out, "value|source|of|added by|because|added|expires", rows)
}

func (p *program) addToList() *cobra.Command {
	var in service.NewListItem
	var entity string
	var expires instant
	c := &cobra.Command{
		Use: "add NAME VALUE", Short: "Put a value on a list; one that is on it stays as it is", Args: cobra.ExactArgs(2),
		Example: `  go run ./starter fraud list add sanctioned KP --entity acme --by ada --reason "embargo"
  go run ./starter fraud list add blocked_emails mallory@example.com --entity acme --expires 2030-01-01 --by ada --reason "abuse of trials"`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			in.Value, in.ExpiresAt = args[1], expires.Time
			added, err := svc.AddListItem(ctx, entity, args[0], in)
			if err != nil {
				return err
			}
			return p.show(added, func(out io.Writer) error { return printItems(out, []store.FraudListItem{added}) })
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "the legal entity")
	c.Flags().Var(&expires, "expires", "until when it counts (default: without end)")
	explained(c, &in.Explained)
	return needs(c, "entity", "by", "reason")
}

func (p *program) removeFromList() *cobra.Command {
	var in service.Explained
	var entity string
	c := &cobra.Command{
		Use: "remove NAME VALUE", Short: "Take a value off a list", Args: cobra.ExactArgs(2),
		Example: `  go run ./starter fraud list remove blocked_cards Xt5EWLLDS7FJjR1c --entity acme --by ada --reason "dispute was won"`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			removed, err := svc.RemoveListItem(ctx, entity, args[0], args[1], in)
			if err != nil {
				return err
			}
			return p.show(removed, func(out io.Writer) error { return printItems(out, []store.FraudListItem{removed}) })
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "the legal entity")
	explained(c, &in)
	return needs(c, "entity", "by", "reason")
}
