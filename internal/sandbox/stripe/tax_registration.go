package stripe

import (
	"encoding/json"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// taxRegistration says where the seller collects tax. It cannot be deleted, only expire.
type taxRegistration struct {
	ID             string                         `json:"id"`
	Object         string                         `json:"object"`
	ActiveFrom     int64                          `json:"active_from"`
	Country        string                         `json:"country"`
	CountryOptions map[string]registrationOptions `json:"country_options"` // one entry, the country in lower case
	Created        int64                          `json:"created"`
	ExpiresAt      *int64                         `json:"expires_at"`
	Livemode       bool                           `json:"livemode"`
	Status         string                         `json:"status"` // at the time of the answer; what is stored is out of date
}

type registrationOptions struct {
	LocalAmusementTax *localTax         `json:"local_amusement_tax,omitempty"`
	LocalLeaseTax     *localTax         `json:"local_lease_tax,omitempty"`
	ProvinceStandard  *provinceStandard `json:"province_standard,omitempty"`
	Standard          *unionStandard    `json:"standard,omitempty"`
	State             string            `json:"state,omitempty"`
	StateSalesTax     *stateSalesTax    `json:"state_sales_tax,omitempty"`
	Type              string            `json:"type"`
}

type localTax struct {
	Jurisdiction string `json:"jurisdiction"` // a FIPS code
}

type provinceStandard struct {
	Province string `json:"province"`
}

type unionStandard struct {
	PlaceOfSupplyScheme string `json:"place_of_supply_scheme"`
}

type stateSalesTax struct {
	Elections []taxElection `json:"elections"`
}

type taxElection struct {
	Jurisdiction string `json:"jurisdiction,omitempty"`
	Type         string `json:"type"`
}

// The kinds of registration that decide about tax here.
const (
	ossNonUnion           = "oss_non_union"
	ossUnion              = "oss_union"
	standardRegistration  = "standard"
	provincialSales       = "province_standard"
	simplifiedRegistering = "simplified"
	stateSales            = "state_sales_tax"
	smallSeller           = "small_seller"
)

// The countries of registrations at this API version, apart from Canada, the European Union and the United States.
const (
	standardOnly   = "ae au bh ch gb is jp no nz om sg za"
	simplifiedOnly = "cl co eg ge id ke kr kz mx my ng sa th tr vn"
)

// The local taxes of Illinois that can be registered for, by FIPS code.
const (
	amusementPlaces = "06613 14000 21696 24582 68081"
	leasePlaces     = "14000"
)

// What a state may be registered with besides its sales tax.
const (
	localElections = "local_use_tax simplified_sellers_use_tax single_local_use_tax"
	usTaxes        = "local_amusement_tax local_lease_tax state_communications_tax state_sales_tax"
)

func (t *taxRegistration) identity() (string, int64) { return t.ID, t.Created }

func (t *taxRegistration) indexed() map[string]string { return nil }

var taxRegistrations = collection[*taxRegistration]{name: "tax registration", prefix: "taxreg_"}

func taxRegistrationEndpoints() []endpoint {
	creation := spec{
		"active_from": required(filledText()), "country": required(filledText()), "country_options": required(hash(countryOptionsSpec())), "expires_at": filledText(),
	}
	filters := pageSpec(spec{"status": enum("active", "all", "expired", "scheduled")})
	return []endpoint{
		post("/v1/tax/registrations", creation, createRegistration),
		get("/v1/tax/registrations", filters, listRegistrations),
		get("/v1/tax/registrations/{id}", nil, getRegistration),
		post("/v1/tax/registrations/{id}", spec{"active_from": filledText(), "expires_at": text()}, updateRegistration),
	}
}

func countryOptionsSpec() spec {
	kinds := func(values ...string) param { return required(enum(values...)) }
	options := spec{}
	for country := range strings.FieldsSeq(standardOnly) {
		options[country] = hash(spec{"type": kinds(standardRegistration)})
	}
	for country := range strings.FieldsSeq(simplifiedOnly) {
		options[country] = hash(spec{"type": kinds(simplifiedRegistering)})
	}
	for country, rules := range taxes.Countries {
		if rules.Union {
			options[strings.ToLower(country)] = hash(spec{
				"standard": hash(spec{"place_of_supply_scheme": kinds(smallSeller, standardRegistration)}),
				"type":     kinds("ioss", ossNonUnion, ossUnion, standardRegistration),
			})
		}
	}
	options["ca"] = hash(spec{
		"province_standard": hash(spec{"province": required(filledText())}),
		"type":              kinds(provincialSales, simplifiedRegistering, standardRegistration),
	})
	options["us"] = hash(spec{
		"local_amusement_tax": hash(spec{"jurisdiction": required(filledText())}), "local_lease_tax": hash(spec{"jurisdiction": required(filledText())}),
		"state": required(filledText()), "state_sales_tax": hash(spec{
			"elections": required(list(hash(spec{"jurisdiction": filledText(), "type": kinds(strings.Fields(localElections)...)}))),
		}),
		"type": kinds(strings.Fields(usTaxes)...),
	})
	return options
}

func createRegistration(r *call) (any, error) {
	country := strings.ToUpper(r.args.text("country"))
	if err := checkCountry(country, "country"); err != nil {
		return nil, err
	}
	given := r.args.field("country_options").Fields
	name := strings.ToLower(country)
	switch _, supported := countryOptionsSpec()[name]; {
	case !supported:
		return nil, invalid("", "country", "Tax registrations are not supported in %s.", country)
	case given[name] == nil:
		return nil, missing("country_options[" + name + "]")
	case len(given) > 1:
		return nil, invalid("", "country_options", "You may only specify country_options[%s] for a registration in %s.", name, country)
	}
	options, err := readRegistration(r.args.hash("country_options").hash(name), "country_options["+name+"]", country)
	if err != nil {
		return nil, err
	}
	t := &taxRegistration{
		ID: newID(r, taxRegistrations), Object: "tax.registration", Country: country,
		CountryOptions: map[string]registrationOptions{name: options}, Created: r.now(),
	}
	if err := t.schedule(r); err != nil {
		return nil, err
	}
	return r.keepRegistration(t)
}

// readRegistration takes over the options that belong to the type, and refuses the rest.
func readRegistration(a args, path, country string) (o registrationOptions, refusal *apiError) {
	o.Type = a.text("type")
	for name := range a.in.Fields {
		if name != "type" && name != "state" && name != o.Type {
			return o, invalid("", path+"["+name+"]", "You may only specify %[1]s[%[2]s] when %[1]s[type] is %[2]s.", path, name)
		}
	}
	if taxes.Countries[country].Union && o.Type == standardRegistration {
		o.Standard = &unionStandard{PlaceOfSupplyScheme: a.hash("standard").textOr("place_of_supply_scheme", standardRegistration)}
	}
	switch {
	case o.Type == provincialSales:
		return readProvince(a, o, path)
	case country == "US":
		return readState(a, o, path)
	}
	return o, nil
}

func readProvince(a args, o registrationOptions, path string) (registrationOptions, *apiError) {
	province := strings.ToUpper(a.hash(provincialSales).text("province"))
	switch {
	case province == "":
		return o, missing(path + "[province_standard]")
	case taxes.States["CA"][province].Tax == "":
		return o, invalid("", path+"[province_standard][province]", "Invalid province: %s has no provincial sales tax to register for.", province)
	}
	o.ProvinceStandard = &provinceStandard{Province: province}
	return o, nil
}

func readState(a args, o registrationOptions, path string) (registrationOptions, *apiError) {
	o.State = strings.ToUpper(a.text("state"))
	if _, known := taxes.States["US"][o.State]; !known {
		return o, invalid("", path+"[state]", "Invalid state: %s must be a two-letter code of a state of the United States.", o.State)
	}
	place := a.hash(o.Type).text("jurisdiction")
	switch o.Type {
	case "local_amusement_tax", "local_lease_tax":
		places := map[string]string{"local_amusement_tax": amusementPlaces, "local_lease_tax": leasePlaces}[o.Type]
		if place == "" {
			return o, missing(path + "[" + o.Type + "]")
		}
		if o.State != "IL" || !among(places, place) {
			return o, invalid("", path+"["+o.Type+"][jurisdiction]", "Invalid jurisdiction: supported in IL are %s.", strings.Join(strings.Fields(places), ", "))
		}
	case stateSales:
		return readElections(a.hash(stateSales), o, path)
	}
	switch o.Type {
	case "local_amusement_tax":
		o.LocalAmusementTax = &localTax{Jurisdiction: place}
	case "local_lease_tax":
		o.LocalLeaseTax = &localTax{Jurisdiction: place}
	}
	return o, nil
}

func readElections(a args, o registrationOptions, path string) (registrationOptions, *apiError) {
	o.StateSalesTax = &stateSalesTax{Elections: []taxElection{}}
	for _, election := range a.hashes("elections") {
		e := taxElection{Jurisdiction: election.text("jurisdiction"), Type: election.text("type")}
		if (e.Type == "local_use_tax") != (e.Jurisdiction != "") {
			return o, invalid("", path+"[state_sales_tax][elections]", "An election has a jurisdiction if, and only if, its type is local_use_tax.")
		}
		o.StateSalesTax.Elections = append(o.StateSalesTax.Elections, e)
	}
	return o, nil
}

// schedule reads when the registration begins and ends: unix times, or "now".
func (t *taxRegistration) schedule(r *call) *apiError {
	if r.args.has("active_from") {
		from, refusal := r.instant("active_from")
		if refusal != nil {
			return refusal
		}
		t.ActiveFrom = from
	}
	if r.args.has("expires_at") {
		t.ExpiresAt = nil
		if r.args.text("expires_at") != "" {
			to, refusal := r.instant("expires_at")
			if refusal != nil {
				return refusal
			}
			t.ExpiresAt = &to
		}
	}
	if t.ExpiresAt != nil && (*t.ExpiresAt < t.ActiveFrom || *t.ExpiresAt < r.now()) {
		return invalid("", "expires_at", "The `expires_at` of a registration must be neither in the past nor before its `active_from`.")
	}
	return nil
}

func (r *call) instant(name string) (int64, *apiError) {
	written := r.args.text(name)
	if written == "now" {
		return r.now(), nil
	}
	if !integerText(written) {
		return 0, invalid("", name, "Invalid timestamp: %s must be a Unix timestamp or `now`.", written)
	}
	return r.args.integer(name), nil
}

func (t *taxRegistration) statusAt(now int64) string {
	switch {
	case t.ExpiresAt != nil && *t.ExpiresAt <= now:
		return "expired"
	case t.ActiveFrom > now:
		return "scheduled"
	default:
		return "active"
	}
}

func (r *call) keepRegistration(t *taxRegistration) (any, error) {
	t.Status = t.statusAt(r.now())
	taxRegistrations.put(r.tx, t)
	return t, nil
}

func getRegistration(r *call) (any, error) {
	t, found := taxRegistrations.get(r.tx, r.id)
	if !found {
		return nil, notFound("tax registration", r.id, "id")
	}
	t.Status = t.statusAt(r.now())
	return t, nil
}

func updateRegistration(r *call) (any, error) {
	t, found := taxRegistrations.get(r.tx, r.id)
	if !found {
		return nil, notFound("tax registration", r.id, "id")
	}
	if status := t.statusAt(r.now()); status == "expired" || (status == "active" && r.args.has("active_from")) {
		return nil, refused("", "", "The `active_from` of a registration can be changed before it is active, and nothing after it has expired; this one is %s.", status)
	}
	if err := t.schedule(r); err != nil {
		return nil, err
	}
	return r.keepRegistration(t)
}

// listRegistrations leaves out those that have expired unless they are asked for, as Stripe does.
func listRegistrations(r *call) (any, error) {
	wanted := r.args.text("status")
	found, err := taxRegistrations.list(r, func(t *taxRegistration) bool {
		status := t.statusAt(r.now())
		return wanted == "all" || status == wanted || (wanted == "" && status != "expired")
	})
	if err != nil {
		return nil, err
	}
	for i, encoded := range found.Data {
		var t taxRegistration
		decode(encoded, &t)
		t.Status = t.statusAt(r.now())
		found.Data[i] = json.RawMessage(encode(t))
	}
	return found, nil
}

// registrationsAt are those in force at an instant.
func registrationsAt(tx *bolt.Tx, at int64) (active []*taxRegistration) {
	taxRegistrations.all(tx, func(t *taxRegistration) bool {
		if t.statusAt(at) == "active" {
			active = append(active, t)
		}
		return true
	})
	return active
}

func (t *taxRegistration) options() registrationOptions {
	return t.CountryOptions[strings.ToLower(t.Country)]
}

// collects says whether a registration with these properties is among the given ones.
func collects(active []*taxRegistration, matches func(country string, o registrationOptions) bool) bool {
	return slices.ContainsFunc(active, func(t *taxRegistration) bool { return matches(t.Country, t.options()) })
}
