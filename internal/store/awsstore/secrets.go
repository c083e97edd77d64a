package awsstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"crmwho/internal/store"
)

// Secrets is a store.Store in AWS Secrets Manager. A name is a secret's name or
// ARN, a version its VersionId. The secrets exist already: writing to one that
// does not gives store.ErrNotExist. It takes values up to 64 KB, and AWS wants
// a secret written once in ten minutes at most, on the whole. What is read may
// be a little behind, but no write goes through on the strength of that.
//
// It needs secretsmanager:GetSecretValue and PutSecretValue on the secrets, and
// for List secretsmanager:ListSecrets on all there are.
type Secrets struct {
	Client *secretsmanager.Client
}

// Read implements store.Store. Secrets Manager answers alike for a secret that
// does not exist and for one that was never filled.
func (s Secrets) Read(ctx context.Context, name string) (store.Value, error) {
	out, err := s.Client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
		return store.Value{}, store.ErrNotExist
	}
	if err != nil {
		return store.Value{}, fmt.Errorf("read secret: %w", Failure(ctx, err))
	}
	data := out.SecretBinary
	if out.SecretString != nil {
		data = []byte(*out.SecretString)
	}
	return store.Value{Data: data, Version: aws.ToString(out.VersionId)}, nil
}

// WriteIfUnchanged implements store.Store. Secrets Manager has no
// compare-and-set, but it refuses a second write with a ClientRequestToken
// that the secret has seen with other content. A token derived from the version
// that was read therefore lets one writer through. It knows nothing of versions
// that an operator writes by hand between the read and the write.
func (s Secrets) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	if len(data) == 0 {
		return "", store.ErrEmpty
	}
	in := &secretsmanager.PutSecretValueInput{SecretId: &name, ClientRequestToken: aws.String(successor(version))}
	if utf8.Valid(data) {
		in.SecretString = aws.String(string(data)) // operators can read it in the console
	} else {
		in.SecretBinary = data
	}
	out, err := s.Client.PutSecretValue(ctx, in)
	if _, ok := errors.AsType[*types.ResourceExistsException](err); ok {
		return "", store.ErrChanged
	}
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
		return "", store.ErrNotExist
	}
	if err != nil {
		return "", fmt.Errorf("write secret: %w", Failure(ctx, err))
	}
	return aws.ToString(out.VersionId), nil
}

// successor is the VersionId of the one write that may follow a version: 64
// characters, the most that a ClientRequestToken may have.
func successor(version string) string {
	sum := sha256.Sum256([]byte(version))
	return hex.EncodeToString(sum[:])
}

// List implements store.Store. It gives names, no ARNs, of the account's
// secrets in the client's region, and may be five minutes behind.
func (s Secrets) List(ctx context.Context, prefix string) ([]string, error) {
	in := &secretsmanager.ListSecretsInput{}
	switch {
	case strings.ContainsFunc(prefix, notInName): // in a filter, ! would mean "all but"
		return nil, ctx.Err()
	case prefix != "":
		in.Filters = []types.Filter{{Key: types.FilterNameStringTypeName, Values: []string{prefix}}}
	}
	var names []string
	pages := secretsmanager.NewListSecretsPaginator(s.Client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list secrets: %w", Failure(ctx, err))
		}
		for _, secret := range page.SecretList {
			if len(secret.SecretVersionsToStages) > 0 { // was filled
				names = append(names, aws.ToString(secret.Name))
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// notInName tells the letters that no secret's name has.
func notInName(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+=.@-", r)
}
