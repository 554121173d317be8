package tax

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
)

//go:embed rules
var ruleFiles embed.FS

// law is the parsed rule data. It is built once while the program starts and only read afterwards, so that
// workflow code can use it: nothing here parses lazily or takes a lock.
var law = mustLoad()

// inForce is the part every rule row shares. An empty To means open-ended.
type inForce struct {
	From       string `json:"effective_from"`
	To         string `json:"effective_to"`
	Source     string `json:"source"`
	VerifiedOn string `json:"verified_on"`
}

// contains compares ISO dates as text, which orders them correctly.
func (f inForce) contains(d calendar.Date) bool {
	day := d.String()
	return f.From <= day && (f.To == "" || day <= f.To)
}

type rateRow struct {
	inForce
	Country   string          `json:"country"`
	Region    string          `json:"region"`
	RateClass string          `json:"rate_class"`
	Treatment Treatment       `json:"treatment"`
	Rate      decimal.Decimal `json:"rate"`
}

// id names the row in a decision, so that an invoice can show which rule made its tax.
func (r rateRow) id() string {
	place := r.Country
	if r.Region != "" {
		place = r.Region
	}
	return fmt.Sprintf("%s/%s/%s", place, r.RateClass, r.From)
}

type territoryRow struct {
	inForce
	Code           string   `json:"code"`
	CountryAliases []string `json:"country_aliases"`
	Country        string   `json:"country"`
	PostalPrefixes []string `json:"postal_prefixes"`
	Regions        []string `json:"regions"`
	TaxedAs        string   `json:"taxed_as"` // empty: outside the VAT territory
	RateRegion     string   `json:"rate_region"`
}

type categoryRow struct {
	Category  string `json:"category"`
	RateClass string `json:"rate_class"`
}

type noteRow struct {
	Note     string `json:"note"`
	Language string `json:"language"`
	Text     string `json:"text"`
}

type ruleBook struct {
	rates       []rateRow
	territories []territoryRow
	categories  []categoryRow
	notes       []noteRow
	countries   []string
	members     []string // EU member states: the countries of the standard rates other than GB
}

func mustLoad() ruleBook {
	var book ruleBook
	mustRead("rates.json", &book.rates)
	mustRead("territories.json", &book.territories)
	mustRead("categories.json", &book.categories)
	mustRead("notes.json", &book.notes)
	raw, err := ruleFiles.ReadFile("rules/countries.txt")
	if err != nil {
		panic(err)
	}
	book.countries = strings.Fields(string(raw))
	for _, row := range book.rates {
		if row.RateClass == classStandard && row.Country != ukJurisdiction && !slices.Contains(book.members, row.Country) {
			book.members = append(book.members, row.Country)
		}
	}
	return book
}

// mustRead panics only when the binary was built from broken rule data, which the package's tests rule out.
func mustRead(name string, into any) {
	raw, err := ruleFiles.ReadFile("rules/" + name)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		panic(fmt.Errorf("tax rule data %s: %w", name, err))
	}
}

const classStandard = "standard"

// Categories lists the product tax categories that a charge may name, in the order of the rule data.
func Categories() []string {
	names := make([]string, len(law.categories))
	for i, row := range law.categories {
		names[i] = row.Category
	}
	return names
}

// CheckCategory says whether [Determine] knows the category; its error lists the known ones.
func CheckCategory(category string) error {
	_, err := law.rateClass(category)
	return err
}

func (b ruleBook) rateClass(category string) (string, error) {
	for _, row := range b.categories {
		if row.Category == category {
			return row.RateClass, nil
		}
	}
	return "", fmt.Errorf("tax category %q is unknown: use one of %s", category, strings.Join(Categories(), ", "))
}

// rate finds the one row for a place, class and day. A region without a row of its own takes its country's.
func (b ruleBook) rate(p place, class string, day calendar.Date) (rateRow, error) {
	var national *rateRow
	for i, row := range b.rates {
		if row.Country != p.jurisdiction || row.RateClass != class || !row.contains(day) {
			continue
		}
		if row.Region == p.region {
			return row, nil
		}
		if row.Region == "" {
			national = &b.rates[i]
		}
	}
	if national != nil {
		return *national, nil
	}
	return rateRow{}, fmt.Errorf("no %s tax rate is known for %s on %s: add the row to rates.json", class, p.jurisdiction, day)
}

func (b ruleBook) isMember(country string) bool { return slices.Contains(b.members, country) }

// NoteText gives the wording an invoice must print for a [Decision.Note] in a language ("de", or a locale such as
// "de-AT"). Languages without an official wording get English; an unknown note gives "".
func NoteText(note, language string) string {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	english := ""
	for _, row := range law.notes {
		if row.Note != note {
			continue
		}
		if row.Language == base {
			return row.Text
		}
		if row.Language == "en" {
			english = row.Text
		}
	}
	return english
}
