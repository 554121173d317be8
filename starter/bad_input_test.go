package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// badCommands maps command lines to what is said about them; "$" stands for the id of the test's seller.
func badCommands(t *testing.T) map[string]string {
	t.Helper()
	customer := "customer create --id $-x --entity $ --name X --email x@example.com --country DE --zone Europe/Berlin --currency EUR"
	imports := "usage import --customer $-c --map time=T --map input_tokens=A --file "
	return map[string]string{
		strings.Replace(customer, "--currency EUR", "--currency XXB", 1):                                    `--currency: unknown currency "XXB"`,
		strings.Replace(customer, "Europe/Berlin", "Mars/Olympus", 1):                                       `zone: unknown time zone "Mars/Olympus"`,
		strings.Replace(customer, "$-x", "$-c", 1):                                                          "customer $-c exists with other data",
		customer + " --clock none":                                                                          `--clock: test clock "none": not found`,
		customer + " --tax-id DE136695977":                                                                  "check digits",
		"subscription create --id y --customer $-c --plan nix":                                              `plan: unknown plan "nix": $ sells $-api, $-pro, $-team`,
		"subscription create --id y --customer nix --plan nix":                                              `customer "nix": not found`,
		"subscription create --id y --customer $-c --plan $-team --seats -3":                                "seats: -3 is negative",
		"subscription create --id y --customer $-c --plan $-team --seats many":                              `invalid argument "many" for "--seats"`,
		"subscription create --id y --customer $-c --plan $-team --seats 999999999999999999 --currency USD": "costs more than an amount can hold",
		"subscription create --id y --customer $-c --plan $-pro --start-at soon":                            "neither a date",
		"subscription create --id $-s --customer $-c --plan $-pro --ends-after 3":                           "exists with other terms",
		"subscription create --id y --customer $-c --plan $-pro --ends-after 3 --ends-at 2099-01-01":        "ends-at: excludes ends_after",
		"subscription create --id y --customer $-c --plan $-pro --ends-at 2001-01-01":                       "is not after the start",
		"subscription change $-gone --plan $-pro":                                                           "subscription $-gone ended at",
		"subscription change nobody --plan $-pro":                                                           `subscription "nobody": not found`,
		"subscription change":      "accepts 1 arg(s), received 0",
		"subscription explode $-s": `unknown command "explode"`,
		"explode":                  `unknown command "explode"`,
		"plan add --entity $ --file " + file(t, `[{"id":"p"}]`):                                          "file: catalog: [0]: plan",
		"plan add --entity $ --file " + file(t, measuredMore):                                            "plan \"m\": charges[0].prices.USD.model matrix prices what a meter counts: make it a usage charge",
		"plan add --entity $ --file " + file(t, ``):                                                      "file: catalog is empty",
		"plan add --entity $ --file /no/such/file":                                                       "no such file",
		imports + file(t, ""):                                                                            "file: is empty",
		imports + file(t, "T,A\n"):                                                                       "file: has a header but no rows",
		imports + file(t, "T,B\n1,2\n"):                                                                  `file: no column "A": the header has "T", "B"`,
		imports + "x --map gpu=G":                                                                        "no such file",
		imports + file(t, "T,A,G\n") + " --map gpu=G":                                                    `map: unknown meter "gpu": use one of input_tokens, output_tokens`,
		imports + "x --map nonsense":                                                                     `map: mapping "nonsense"`,
		imports + "x --delimiter ab":                                                                     `delimiter: "ab" is not one character`,
		imports + "x --zone Local":                                                                       "zone: ",
		imports + "x --max-rejected -1":                                                                  "max-rejected: -1 is not a number of lines",
		imports + "x --time-format sundial":                                                              `time format "sundial"`,
		"usage show --customer $-c --from 2026-02-01 --to 2026-01-01":                                    "is not after from",
		"invoice show inv_none":                                                                          `invoice "inv_none": not found`,
		"invoice-run start --entity $ --period 2999-01":                                                  "2999-01 is not over everywhere",
		"invoice-run start --entity $ --period January":                                                  "write YYYY-MM",
		"invoice-run start --entity $ --period 1800-01":                                                  "period: 1800-01 is more than ten years ago",
		"fx-rate add --from EUR --to EUR --date 2026-03-31 --rate 2 --source ECB":                        "to: EUR is the currency of which one unit is priced",
		"invoice-run start --entity nix --period 2026-01":                                                `legal entity "nix": not found`,
		"tax-filing start --entity $ --scheme moon --period 2026-Q1":                                     `tax scheme "moon"`,
		"tax-filing approve --entity $ --scheme eu_oss --period 2026-Q1 --by u-1":                        "not found",
		"clock create $-clock --at 2001-01-01":                                                           "has passed",
		"clock advance nowhere --to 2030-01-01":                                                          `test clock "nowhere": not found`,
		"fx-rate add --from EUR --to XXB --date 2026-03-31 --rate -1 --source ECB":                       "to: unknown currency",
		"entity create --id e --name E --country IE --zone Europe/Dublin --currency EUR --prefix lower":  "--prefix: ",
		"entity create --id e --name E --country IE --zone Europe/Dublin --currency EUR --prefix $UPPER": "belongs to another legal entity",
		"entity create --id e --name E --country IE --zone Europe/Dublin --currency EUR --prefix E1 --tax-registration x":                    "write it as SCHEME:COUNTRY:NUMBER:FROM",
		"entity create --id e --name E --country IE --zone Europe/Dublin --currency EUR --prefix E1 --tax-registration mars:IE:1:2020-01-01": "--tax-registration: scheme",
		"subscription pause $-s --idempotency-key boundary:1":                                                                                "--idempotency-key: ",
		"customer pay-with $-c no/token": "payment_method: ",
	}
}

func TestBadInputOnTheCommandLine(t *testing.T) { //nolint:paralleltest // it compares row counts
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	ok(t, "subscription", "create", "--id", id+"-gone", "--customer", id+"-c", "--plan", id+"-pro")
	ok(t, "subscription", "cancel", id+"-gone")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro")
	before := running.Rows(t)

	for command, says := range badCommands(t) {
		command = startertest.Fill(id, strings.ReplaceAll(command, "$UPPER", strings.ToUpper(id)))
		got := starter(t, strings.Fields(command)...)
		require.Equal(t, exitRefused, got.code, "%s: %s", command, got.err)
		require.Contains(t, got.err, startertest.Fill(id, says), command)
		require.Empty(t, got.out, command)
	}
	require.Equal(t, before, running.Rows(t))
}

func TestErrorsAsJSON(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]struct {
		exit       int
		kind, code string
	}{
		"customer show nobody --json":         {exitRefused, "not_found", "not_found"},
		"customer list --limit 501 --json":    {exitRefused, "invalid", "invalid_fields"},
		"customer show --json":                {exitRefused, "invalid", "invalid_command"},
		"customer list --colour red --json":   {exitRefused, "invalid", "invalid_command"},
		"customer explode --json":             {exitRefused, "invalid", "invalid_command"},
		"serve --addr nowhere.invalid --json": {exitFailed, "failed", "failed"},
	} {
		got := starter(t, strings.Fields(command)...)
		require.Equal(t, want.exit, got.code, command)
		require.Empty(t, got.out, command)
		said := decoded(t, got.err)["error"].(map[string]any)
		require.Equal(t, want.kind, said["kind"], command)
		require.Equal(t, want.code, said["code"], command)
		require.NotEmpty(t, said["message"], command)
		require.IsType(t, []any{}, said["fields"], command)
	}
}

func TestCommandsFindTheDevelopmentStack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := &program{dir: dir, env: config.Environment{}, out: os.Stdout, err: &strings.Builder{}, now: time.Now}
	require.Equal(t, exitFailed, p.run(t.Context(), []string{"customer", "list"}))
	require.Contains(t, p.err.(*strings.Builder).String(), "DATABASE_URL is not set")

	require.NoError(t, os.Mkdir(filepath.Join(dir, devFolder), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, devFolder, envFile), []byte(strings.Join(running.Env, "\n")+"\n"), 0o600))
	stale := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(stale, devFolder), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(stale, devFolder, envFile), []byte("DATABASE_URL=postgres://127.0.0.1:1/perennial\n"), 0o600))
	p = &program{dir: stale, env: config.Environment{}, out: os.Stdout, err: &strings.Builder{}, now: time.Now}
	require.Equal(t, exitFailed, p.run(t.Context(), []string{"customer", "list"}))
	require.Contains(t, p.err.(*strings.Builder).String(), "starter dev` still running", "it was killed and could not tidy up")

	var out strings.Builder
	p = &program{dir: dir, env: config.Environment{}, out: &out, err: os.Stderr, now: time.Now}
	require.Equal(t, exitOK, p.run(t.Context(), []string{"customer", "list"}))
	require.Contains(t, out.String(), "CURRENCY")
}

func TestASecondStackLeavesTheFirstOnesLog(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, line := range []string{"first\n", "second\n"} {
		log, err := openWorkerLog(folder)
		require.NoError(t, err)
		_, err = log.WriteString(line)
		require.NoError(t, err)
		require.NoError(t, log.Close())
	}
	kept, err := os.ReadFile(filepath.Join(folder, "worker.log"))
	require.NoError(t, err)
	require.Equal(t, "first\nsecond\n", string(kept))
}

// measuredMore is a plan that is right, but for a recurring charge that needs to know of usage.
const measuredMore = `[{"id":"m","version":1,"name":"M","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
	{"id":"c","name":"C","kind":"recurring","per":"subscription","timing":"arrears","tax_category":"saas_b2c","prices":{"USD":
		{"model":"matrix","dimensions":["region"],"default_unit_amount":"1"}}}]}]`
