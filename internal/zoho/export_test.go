package zoho

import "net/http"

// DefaultHTTP is a copy of what a client without one uses.
func DefaultHTTP() *http.Client {
	c := *defaultHTTP
	c.Transport = keepingConnections()
	return &c
}

// DecodeUsers reads the body of a page of users.
func DecodeUsers(body []byte) ([]User, error) {
	var page UserPage
	var info paging
	err := decode(query{}, &http.Response{StatusCode: http.StatusOK}, body, usersFields(&page, &info))
	return page.Users, err
}

// DecodeRecords reads the body of a page of records with these fields.
func DecodeRecords(body []byte, names ...string) ([]Record, error) {
	var records []Record
	err := decode(query{}, &http.Response{StatusCode: http.StatusOK}, body, fields{
		"data": func(r *reader) { records = list(r, 0, readRecord(names)) },
	})
	return records, err
}
