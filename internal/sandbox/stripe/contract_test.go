package stripe_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/perennial-billing/perennial/internal/sandbox/contract"
	"github.com/perennial-billing/perennial/internal/sandbox/stripe"
)

// TestMain wants every endpoint to have answered through the validator when all tests ran: what is not exercised is not
// known to be as Stripe describes it.
func TestMain(m *testing.M) {
	code := m.Run()
	some := flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" || testing.Short()
	if code == 0 && !some {
		code = unexercised()
	}
	os.Exit(code)
}

func unexercised() (code int) {
	description, err := contract.Stripe()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	exercised := contract.Exercised()
	for _, pattern := range stripe.Endpoints() {
		// Files' contents come from another host of Stripe's, which has no description.
		if o := description.Operation(pattern); o != nil && !slices.Contains(exercised, o.Name) {
			fmt.Fprintf(os.Stderr, "no test has made %s answer through the validator\n", pattern)
			code = 1
		}
	}
	return code
}
