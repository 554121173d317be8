package quote

import (
	"io"

	"github.com/perennial-billing/perennial/billing/exactyaml"
)

// Parse reads a scenario in YAML, or in JSON, and checks what can be checked before it is played. Unknown fields and
// anything that does not fit are errors that begin with the path of the field, such as "timeline[3].at: …". Numbers are
// read exactly, whether they are written as numbers or as texts.
func Parse(r io.Reader) (*Scenario, error) {
	var scenario Scenario
	if err := (exactyaml.Format{Name: "scenario", Manual: "docs/quote.md"}).Decode(r, &scenario); err != nil {
		return nil, err
	}
	return &scenario, scenario.check()
}
