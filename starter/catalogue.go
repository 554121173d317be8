package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/catalogfile"
	"github.com/perennial-billing/perennial/starter/service"
)

// errDiffers ends a comparison that found something to do; what it is was shown.
var errDiffers = errors.New("the file differs from what is sold")

const catalogueManual = `Keep what an entity sells as a file of plans, in YAML or JSON: export writes one, diff says what a file would add, and apply adds it.
A plan may leave out its version: if it differs from its newest version, it becomes the next one. Nothing that is sold is ever changed
or removed; a plan that the file lacks stays. The format is documented in docs/catalogue.md.`

func (p *program) catalogues() *cobra.Command {
	c := p.group("catalog", "Keep what is sold as a file", p.exportCatalogue(), p.diffCatalogue(), p.applyCatalogue())
	c.Long = catalogueManual
	return c
}

func (p *program) exportCatalogue() *cobra.Command {
	var entity string
	var all bool
	c := &cobra.Command{
		Use: "export", Short: "Write what an entity sells as YAML", Args: cobra.NoArgs,
		Example: `  go run ./starter catalog export --entity acme
  go run ./starter catalog export --entity acme --all-versions`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			plans, err := svc.Catalogue(ctx, entity, all)
			if err != nil {
				return err
			}
			return p.show(plans, func(out io.Writer) error { return catalogfile.Write(out, plans) })
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "legal entity that sells the plans")
	c.Flags().BoolVar(&all, "all-versions", false, "older versions too, with their numbers")
	return needs(c, "entity")
}

// catalogueFile adds the flags that name a file and whose it is.
func catalogueFile(c *cobra.Command, entity, file *string) *cobra.Command {
	c.Flags().StringVar(entity, "entity", "", "legal entity that sells the plans")
	c.Flags().StringVarP(file, "file", "f", "", "the catalogue, in YAML or JSON; - reads standard input")
	return needs(c, "entity", "file")
}

func (p *program) diffCatalogue() *cobra.Command {
	var entity, file string
	return catalogueFile(&cobra.Command{
		Use: "diff", Short: "Say what a file of plans would add", Args: cobra.NoArgs,
		Long: `Say plan by plan what a file would add to what an entity sells. The exit code is 0 if that is nothing, and 1 if it is something;
plans that are sold and not in the file are listed and are no difference, because they stay.`,
		Example: `  go run ./starter catalog diff --entity acme -f catalogue.yaml
  go run ./starter catalog diff --entity acme -f catalogue.yaml --json`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			return p.withFile(file, func(r io.Reader) error {
				compared, err := svc.CompareCatalogue(ctx, entity, r)
				if err != nil {
					return err
				}
				if err := p.showComparison(compared, false); err != nil {
					return err
				}
				if len(compared.Added()) > 0 {
					return errDiffers
				}
				return nil
			})
		}),
	}, &entity, &file)
}

func (p *program) applyCatalogue() *cobra.Command {
	var entity, file string
	var dry bool
	c := catalogueFile(&cobra.Command{
		Use: "apply", Short: "Add what a file of plans adds, all of it or nothing; repeating it adds nothing", Args: cobra.NoArgs,
		Example: `  go run ./starter catalog apply --entity acme -f catalogue.yaml --dry-run
  go run ./starter catalog apply --entity acme -f catalogue.yaml`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			apply := svc.ApplyCatalogue
			if dry {
				apply = svc.CompareCatalogue
			}
			return p.withFile(file, func(r io.Reader) error {
				compared, err := apply(ctx, entity, r)
				if err != nil {
					return err
				}
				return p.showComparison(compared, !dry)
			})
		}),
	}, &entity, &file)
	c.Flags().BoolVar(&dry, "dry-run", false, "only say what would be added")
	return c
}

// comparison is a comparison as --json prints it.
type comparison struct {
	Plans   catalogfile.Comparison `json:"plans"`
	Differs bool                   `json:"differs"`
	Applied bool                   `json:"applied"`
}

func (p *program) showComparison(compared catalogfile.Comparison, applied bool) error {
	added := len(compared.Added())
	return p.show(comparison{compared, added > 0, applied}, func(out io.Writer) error {
		for _, change := range compared {
			printChange(out, change)
		}
		says := "%d plan versions would be added.\n"
		switch {
		case added == 0:
			says = "Nothing to do: %d plan versions to add.\n"
		case applied:
			says = "%d plan versions were added.\n"
		}
		_, err := fmt.Fprintf(out, says, added)
		return err
	})
}

func printChange(out io.Writer, change catalogfile.Change) {
	switch change.Standing {
	case catalogfile.New:
		fmt.Fprintf(out, "%s: new, version %d\n", change.Plan, change.Version)
	case catalogfile.Unchanged:
		fmt.Fprintf(out, "%s: unchanged, version %d\n", change.Plan, change.Version)
	case catalogfile.Absent:
		fmt.Fprintf(out, "%s: not in the file; stays as it is, version %d\n", change.Plan, change.Version)
	case catalogfile.Changed:
		for _, difference := range change.Differences {
			fmt.Fprintf(out, "%s: %s, becomes version %d\n", change.Plan, difference, change.Version)
		}
		if len(change.Differences) == 0 {
			fmt.Fprintf(out, "%s: the same as version %d, becomes version %d\n", change.Plan, change.From, change.Version)
		}
	}
}
