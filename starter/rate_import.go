package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) importRates() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use: "import", Short: "Store the ECB's reference rates from a file; repeating it adds nothing", Args: cobra.NoArgs,
		Long: "Reads eurofxref.csv (one day), eurofxref-hist.csv (all days since 1999) or the same as XML, which the European Central Bank\n" +
			"publishes at about 16:00 CET on working days. Nothing is fetched from the network: give the file.",
		Example: `  go run ./starter fx-rate import --file eurofxref-hist.csv
  unzip -p eurofxref.zip | go run ./starter fx-rate import --file -`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			return p.withFile(file, func(r io.Reader) error {
				imported, err := svc.ImportRates(ctx, r)
				if err != nil {
					return err
				}
				return p.printRates(imported)
			})
		}),
	}
	c.Flags().StringVar(&file, "file", "", "the file; - reads standard input")
	return needs(c, "file")
}

func (p *program) printRates(in service.RateImport) error {
	return showImport(p, in, in.RejectedLines, in.Rejected, func(out io.Writer) error {
		days := fmt.Sprint(in.Days)
		if !in.First.IsZero() {
			days = fmt.Sprintf("%d, from %s to %s", in.Days, in.First, in.Last)
		}
		return facts(out, "Days", days, "Rates", fmt.Sprintf("%d: %d new, %d known already", in.Rates, in.New, in.AlreadyKnown),
			"Rejected", in.Rejected, "No longer in use", strings.Join(in.Retired, ", "))
	})
}
