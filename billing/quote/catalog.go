package quote

import (
	"fmt"
	"io"
	"reflect"

	"github.com/perennial-billing/perennial/billing/catalog"
)

// ParseCatalog reads a list of plans in YAML, or in JSON, as the catalog of a scenario is written, and checks each of them.
func ParseCatalog(r io.Reader) ([]catalog.Plan, error) {
	data, err := io.ReadAll(io.LimitReader(r, largestScenario+1))
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	if len(data) > largestScenario {
		return nil, fmt.Errorf("the catalog is larger than %d MiB", largestScenario>>20)
	}
	tree, err := treeOf(data)
	if err != nil {
		return nil, err
	}
	var s Scenario
	if err := (decoder{}).into(tree, reflect.ValueOf(&s.Catalog).Elem(), "catalog"); err != nil {
		return nil, err
	}
	return s.Catalog, s.checkCatalog()
}
