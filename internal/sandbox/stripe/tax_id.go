package stripe

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

//go:embed taxids.json
var taxIDsFile []byte

// taxIDTable has the types of tax ids and how their values are written.
type taxIDTable struct {
	AsOf     string            `json:"as_of"`
	Patterns map[string]string `json:"patterns"` // regular expressions of the whole value
	Source   string            `json:"source"`
}

var taxIDFormats = readTable[taxIDTable](taxIDsFile)

func taxIDTypes() []string { return slices.Sorted(keys(taxIDFormats.Patterns)) }

// taxID is a tax id of a customer, or of the account itself.
type taxID struct {
	ID           string             `json:"id"`
	Object       string             `json:"object"`
	Country      *string            `json:"country"`
	Created      int64              `json:"created"`
	Customer     *string            `json:"customer"`
	Livemode     bool               `json:"livemode"`
	Owner        taxIDOwner         `json:"owner"`
	Type         string             `json:"type"`
	Value        string             `json:"value"`
	Verification *taxIDVerification `json:"verification"`
}

type taxIDOwner struct {
	Customer *string `json:"customer,omitempty"`
	Type     string  `json:"type"`
}

type taxIDVerification struct {
	Status          string  `json:"status"`
	VerifiedAddress *string `json:"verified_address"`
	VerifiedName    *string `json:"verified_name"`
}

// The states of a verification.
const (
	taxIDPending     = "pending"
	taxIDUnavailable = "unavailable"
	taxIDUnverified  = "unverified"
	taxIDVerified    = "verified"
)

// verifiedTypes are those that a public register is asked about: VIES, HMRC and the ABR.
const verifiedTypes = "au_abn eu_vat gb_vat"

// Test values of the verified types, which need no format (docs.stripe.com/billing/customer/tax-ids#verification).
const (
	testIDVerified   = "000000000"
	testIDUnverified = "111111111"
	testIDPending    = "222222222"
)

// verificationDelay is how long a register takes to answer.
const verificationDelay = 2 * time.Second

func (t *taxID) identity() (string, int64) { return t.ID, t.Created }

func (t *taxID) indexed() map[string]string {
	return map[string]string{"customer": deref(t.Customer), "owner": t.Owner.Type}
}

var taxIDs = collection[*taxID]{name: "tax_id", prefix: "txi_"}

func taxIDSpec() spec {
	return spec{"type": required(enum(taxIDTypes()...)), "value": required(filledText())}
}

func taxIDEndpoints() []endpoint {
	owner := spec{"owner": hash(spec{"account": filledText(), "customer": filledText(), "type": required(enum("account", "application", "customer", "self"))})}
	return []endpoint{
		post("/v1/customers/{id}/tax_ids", taxIDSpec(), func(r *call) (any, error) { return r.addCustomerTaxID(r.id) }),
		get("/v1/customers/{id}/tax_ids", pageSpec(nil), func(r *call) (any, error) { return r.listTaxIDs(r.id) }),
		get("/v1/customers/{id}/tax_ids/{item}", nil, func(r *call) (any, error) { return r.customerTaxID() }),
		del("/v1/customers/{id}/tax_ids/{item}", deleteCustomerTaxID),
		post("/v1/tax_ids", taxIDSpec().with(owner), createTaxID),
		get("/v1/tax_ids", pageSpec(owner), listOwnedTaxIDs),
		get("/v1/tax_ids/{id}", nil, retrieve(taxIDs, "id")),
		del("/v1/tax_ids/{id}", deleteTaxID),
	}
}

// taxIDOwner reads whose tax ids a request is about: empty for the account's own.
func (r *call) taxIDOwner() (customer string, err error) {
	owner := r.args.hash("owner")
	switch owner.textOr("type", "self") {
	case "self":
		return "", nil
	case "customer":
		if owner.text("customer") == "" {
			return "", missing("owner[customer]")
		}
		c, err := r.liveCustomer(owner.text("customer"), "owner[customer]")
		if err != nil {
			return "", err
		}
		return c.ID, nil
	default:
		return "", invalid("", "owner[type]", "Invalid owner[type]: this sandbox has no connected accounts or applications; use self or customer.")
	}
}

func createTaxID(r *call) (any, error) {
	customer, err := r.taxIDOwner()
	if err != nil {
		return nil, err
	}
	if customer != "" {
		return r.addCustomerTaxID(customer)
	}
	t, refusal := r.newTaxID(r.args, "")
	if refusal != nil {
		return nil, refusal
	}
	t.Owner.Type = "self"
	taxIDs.put(r.tx, t)
	return t, nil
}

func listOwnedTaxIDs(r *call) (any, error) {
	customer, err := r.taxIDOwner()
	if err != nil {
		return nil, err
	}
	if customer != "" {
		return r.listTaxIDs(customer)
	}
	return taxIDs.list(r, func(t *taxID) bool { return t.Customer == nil })
}

func (r *call) listTaxIDs(customer string) (any, error) {
	if _, err := r.liveCustomer(customer, "customer"); err != nil {
		return nil, err
	}
	return taxIDs.list(r, func(t *taxID) bool { return deref(t.Customer) == customer })
}

// newTaxID checks how the value is written; path is where the parameters stand.
func (r *call) newTaxID(a args, path string) (*taxID, *apiError) {
	t := &taxID{ID: newID(r, taxIDs), Object: "tax_id", Created: r.now(), Type: a.text("type"), Value: strings.TrimSpace(a.text("value"))}
	verified := among(verifiedTypes, t.Type)
	if test := verified && among(testIDVerified+" "+testIDUnverified+" "+testIDPending, t.Value); !test {
		whole := regexp.MustCompile("^(?:" + taxIDFormats.Patterns[t.Type] + ")$")
		if !whole.MatchString(strings.ToUpper(t.Value)) {
			return nil, invalid("tax_id_invalid", join(path, "value"), "Invalid value for %s.", t.Type)
		}
	}
	t.Country = countryOfTaxID(t.Type, t.Value)
	return t, nil
}

// countryOfTaxID is where the id was issued. A VAT number of the European Union begins with its country.
func countryOfTaxID(kind, value string) *string {
	country := strings.ToUpper(kind[:2])
	if country == "EU" {
		country = strings.ToUpper(value[:min(2, len(value))])
	}
	switch _, isState := taxes.Countries[country]; {
	case country == "EL":
		return optional("GR")
	case kind == "eu_vat" && !isState, kind == "eu_oss_vat":
		return nil
	}
	return &country
}

func (r *call) addCustomerTaxID(customer string) (any, error) {
	c, err := r.liveCustomer(customer, "customer")
	if err != nil {
		return nil, err
	}
	t, refusal := r.newTaxID(r.args, "")
	if refusal != nil {
		return nil, refusal
	}
	r.giveTaxID(t, c)
	return t, nil
}

// giveTaxID stores a customer's tax id and asks the register about it, if there is one.
func (r *call) giveTaxID(t *taxID, c *customer) {
	t.Customer, t.Owner = &c.ID, taxIDOwner{Customer: &c.ID, Type: "customer"}
	t.Verification = &taxIDVerification{Status: taxIDUnavailable}
	if among(verifiedTypes, t.Type) {
		t.Verification.Status = taxIDPending
	}
	taxIDs.put(r.tx, t)
	r.emit("customer.tax_id.created", t, nil)
	if t.Verification.Status == taxIDPending && t.Value != testIDPending {
		r.schedule(r.asOf.Add(verificationDelay), due{Action: verifyTaxID, ID: t.ID})
	}
}

// verifyTaxID is the register's answer: it knows every well-formed number, under the customer's own name.
func (r *call) verifyTaxID(id string) {
	t, found := taxIDs.get(r.tx, id)
	if !found {
		return // deleted meanwhile
	}
	before := snapshot(t)
	t.Verification.Status = taxIDVerified
	if t.Value == testIDUnverified {
		t.Verification.Status = taxIDUnverified
	} else if c, found := customers.get(r.tx, deref(t.Customer)); found {
		t.Verification.VerifiedName, t.Verification.VerifiedAddress = c.Name, oneLine(c.Address)
	}
	taxIDs.put(r.tx, t)
	r.emitUpdate("customer.tax_id.updated", before, t)
}

func oneLine(a *address) *string {
	if a == nil {
		return nil
	}
	var parts []string
	for _, part := range []*string{a.Line1, a.Line2, a.PostalCode, a.City, a.State, a.Country} {
		if part != nil {
			parts = append(parts, *part)
		}
	}
	return optional(strings.Join(parts, ", "))
}

func (r *call) customerTaxID() (*taxID, error) {
	t, found := taxIDs.get(r.tx, r.item)
	if !found || deref(t.Customer) != r.id {
		return nil, notFound("tax_id", r.item, "id")
	}
	return t, nil
}

func deleteCustomerTaxID(r *call) (any, error) {
	t, err := r.customerTaxID()
	if err != nil {
		return nil, err
	}
	return r.removeTaxID(t)
}

func deleteTaxID(r *call) (any, error) {
	t, found := taxIDs.get(r.tx, r.id)
	if !found {
		return nil, notFound("tax_id", r.id, "id")
	}
	return r.removeTaxID(t)
}

func (r *call) removeTaxID(t *taxID) (any, error) {
	taxIDs.remove(r.tx, t)
	if t.Customer != nil {
		r.emit("customer.tax_id.deleted", t, nil)
	}
	return deleted{ID: t.ID, Object: "tax_id", Deleted: true}, nil
}

// taxIDList is the list that expanding "tax_ids" puts into a customer, newest first.
func taxIDList(tx *bolt.Tx, customer string) (any, bool) {
	var all []*taxID
	taxIDs.where(tx, "customer", customer, func(t *taxID) bool {
		all = append(all, t)
		return true
	})
	slices.Reverse(all)
	return firstPage("/v1/customers/"+customer+"/tax_ids", all, defaultLimit), true
}
