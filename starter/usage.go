package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/usagecsv"
)

func (p *program) usage() *cobra.Command {
	return p.group("usage", "Import and sum usage", p.importUsage(), p.showUsage())
}

// importFlags are the flags of an import, as they are written.
type importFlags struct {
	customer, file, timeFormat, zone, delimiter string
	columns                                     []string
	maxRejected                                 int
	dryRun                                      bool
}

func (p *program) importUsage() *cobra.Command {
	var in importFlags
	c := &cobra.Command{
		Use: "import", Short: "Import usage from CSV; importing a file again adds nothing", Args: cobra.NoArgs,
		Long: `Import usage from CSV of any layout. --map says which column holds the time, which hold the quantities of meters and,
if there is one, which holds an id. amount:METER=COLUMN is the amount that comes with each event of a meter, for prices that
charge it, value:DIMENSION=COLUMN the value of a dimension that a meter is priced by. Rows that cannot be stored are shown
by line and reason, and the others are stored; the exit code is then 3. What is stored is billed: --dry-run shows first
what a file comes to.`,
		Example: `  go run ./starter usage import --customer erika --file requests.csv \
    --map time=TIMESTAMP --map input_tokens=ContextTokens --map output_tokens=GeneratedTokens
  zcat export.csv.gz | go run ./starter usage import --customer cafe --file - --map "time=When,id=Id,compute_hours=Hours" \
    --zone Europe/Berlin --delimiter ";"
  go run ./starter usage import --customer shop --file payments.csv --map time=paid_at,id=id,payments=value,amount:payments=fee,value:card=brand`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			mapping, options, err := in.parse()
			if err != nil {
				return err
			}
			options.Progress = p.importProgress()
			read := svc.ImportUsage
			if in.dryRun {
				read = svc.CheckUsage
			}
			return p.withFile(in.file, func(r io.Reader) error {
				summary, err := read(ctx, in.customer, r, mapping, options)
				if err != nil {
					if summary.Events > 0 && !in.dryRun {
						fmt.Fprintf(p.err, "%d events of the file are stored; importing it again adds only what is missing\n", summary.Events)
					}
					return err
				}
				fmt.Fprintf(p.err, "%d rows read\n", summary.Rows)
				return p.printImport(summary)
			})
		}),
	}
	f := c.Flags()
	f.StringVar(&in.customer, "customer", "", "whose usage it is")
	f.StringVar(&in.file, "file", "", "the CSV file; - reads standard input")
	f.StringArrayVar(&in.columns, "map", nil, "time=COLUMN, METER=COLUMN, and where there are such id=, amount:METER= and value:DIMENSION=COLUMN; may be repeated")
	f.StringVar(&in.timeFormat, "time-format", "auto", "auto, rfc3339, datetime, unix or unix_ms")
	f.StringVar(&in.zone, "zone", "", "IANA time zone of times without an offset (default UTC)")
	f.StringVar(&in.delimiter, "delimiter", ",", "what separates the columns; \\t is a tab")
	f.IntVar(&in.maxRejected, "max-rejected", 100, "rejected lines to show; all are counted")
	f.BoolVar(&in.dryRun, "dry-run", false, "read and check the file, and store nothing")
	return needs(c, "customer", "file", "map")
}

func (in importFlags) parse() (usagecsv.Mapping, usagecsv.Options, error) {
	options := usagecsv.Options{MaxRejected: in.maxRejected}
	if in.maxRejected < 1 {
		return usagecsv.Mapping{}, options, wrong("max-rejected", "%d is not a number of lines: use 1 or more", in.maxRejected)
	}
	mapping, err := usagecsv.ParseMapping(in.columns)
	if err != nil {
		return mapping, options, wrong("map", "%s", err)
	}
	if options.TimeFormat, err = usagecsv.ParseTimeFormat(in.timeFormat); err != nil {
		return mapping, options, wrong("time-format", "%s", err)
	}
	if in.zone != "" {
		if options.Zone, err = calendar.LoadZone(in.zone); err != nil {
			return mapping, options, wrong("zone", "%s", err)
		}
	}
	if in.delimiter == `\t` {
		in.delimiter = "\t"
	}
	delimiter, size := utf8.DecodeRuneInString(in.delimiter)
	if size != len(in.delimiter) || delimiter == utf8.RuneError || delimiter == '"' || delimiter == '\n' || delimiter == '\r' {
		return mapping, options, wrong("delimiter", "%q is not one character that can separate columns", in.delimiter)
	}
	options.Delimiter = delimiter
	return mapping, options, nil
}

// importProgress says every second how far the file is read.
func (p *program) importProgress() func(usagecsv.Progress) {
	said := p.now()
	return func(reached usagecsv.Progress) {
		if now := p.now(); now.Sub(said) >= time.Second {
			said = now
			fmt.Fprintf(p.err, "%d rows, %.1f MB, %d rejected …\n", reached.Rows, float64(reached.Bytes)/1e6, reached.Rejected)
		}
	}
}

func (p *program) printImport(s service.ImportSummary) error {
	return showImport(p, s, s.RejectedLines, s.Rejected, func(out io.Writer) error {
		events := fmt.Sprintf("%d: %d new, %d known already", s.Events, s.New, s.AlreadyKnown)
		if s.DryRun {
			events = fmt.Sprintf("%d would be stored, less those known already; nothing is", s.Events)
		}
		pairs := []any{
			"Customer", s.Customer, "Rows", s.Rows, "Accepted", s.Accepted, "Rejected", s.Rejected, "Events", events,
			"First", s.First, "Last", s.Last,
		}
		for _, total := range s.Totals {
			pairs = append(pairs, total.Meter, total.Quantity)
		}
		return facts(out, pairs...)
	})
}

func (p *program) showUsage() *cobra.Command {
	var customer string
	var from, to instant
	c := &cobra.Command{
		Use: "show", Short: "Sum a customer's usage per meter", Args: cobra.NoArgs,
		Example: "  go run ./starter usage show --customer erika --from 2027-01-01 --to 2027-02-01",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := usageBetween(ctx, svc, customer, &from, &to)
			if err != nil {
				return err
			}
			return p.show(found, func(out io.Writer) error { return printUsage(out, found.Totals) })
		}),
	}
	c.Flags().StringVar(&customer, "customer", "", "whose usage")
	c.Flags().Var(&from, "from", "the first instant, or day where the customer lives")
	c.Flags().Var(&to, "to", "the first instant or day after")
	return needs(c, "customer", "from", "to")
}

// printUsage leaves out the columns that nothing would be in.
func printUsage(out io.Writer, totals []store.UsageTotal) error {
	header := "meter|events|quantity"
	amounts := slices.ContainsFunc(totals, func(t store.UsageTotal) bool { return t.Amount != nil })
	values := slices.ContainsFunc(totals, func(t store.UsageTotal) bool { return len(t.Values) > 0 })
	rows := make([][]any, len(totals))
	for i, total := range totals {
		rows[i] = []any{total.Meter, total.Events, total.Quantity}
		if amounts {
			rows[i] = append(rows[i], total.Amount)
		}
		if values {
			rows[i] = append(rows[i], shownValues(total.Values))
		}
	}
	if amounts {
		header += "|amount"
	}
	if values {
		header += "|values"
	}
	return table(out, header, rows)
}

// shownValues are dimension values as name=value, by name.
func shownValues(values map[string]string) string {
	parts := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, name+"="+values[name])
	}
	return strings.Join(parts, " ")
}

func usageBetween(ctx context.Context, svc *service.Service, customer string, from, to *instant) (service.Usage, error) {
	first, err := from.inZoneOf(ctx, svc, customer)
	if err != nil {
		return service.Usage{}, err
	}
	after, err := to.inZoneOf(ctx, svc, customer)
	if err != nil {
		return service.Usage{}, err
	}
	return svc.Usage(ctx, customer, first, after)
}
