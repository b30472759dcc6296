// GENERATED CODE -- DO NOT EDIT!

'use strict';
var grpc = require('@grpc/grpc-js');
var notes_pb = require('./notes_pb.js');

function serialize_small_v1_Echo(arg) {
  if (!(arg instanceof notes_pb.Echo)) {
    throw new Error('Expected argument of type small.v1.Echo');
  }
  return Buffer.from(arg.serializeBinary());
}

function deserialize_small_v1_Echo(buffer_arg) {
  return notes_pb.Echo.deserializeBinary(new Uint8Array(buffer_arg));
}

function serialize_small_v1_Note(arg) {
  if (!(arg instanceof notes_pb.Note)) {
    throw new Error('Expected argument of type small.v1.Note');
  }
  return Buffer.from(arg.serializeBinary());
}

function deserialize_small_v1_Note(buffer_arg) {
  return notes_pb.Note.deserializeBinary(new Uint8Array(buffer_arg));
}


var NotesService = exports.NotesService = {
  sayOne: {
    path: '/small.v1.Notes/SayOne',
    requestStream: false,
    responseStream: false,
    requestType: notes_pb.Note,
    responseType: notes_pb.Echo,
    requestSerialize: serialize_small_v1_Note,
    requestDeserialize: deserialize_small_v1_Note,
    responseSerialize: serialize_small_v1_Echo,
    responseDeserialize: deserialize_small_v1_Echo,
  },
  sayMany: {
    path: '/small.v1.Notes/SayMany',
    requestStream: false,
    responseStream: true,
    requestType: notes_pb.Note,
    responseType: notes_pb.Echo,
    requestSerialize: serialize_small_v1_Note,
    requestDeserialize: deserialize_small_v1_Note,
    responseSerialize: serialize_small_v1_Echo,
    responseDeserialize: deserialize_small_v1_Echo,
  },
  gather: {
    path: '/small.v1.Notes/Gather',
    requestStream: true,
    responseStream: false,
    requestType: notes_pb.Note,
    responseType: notes_pb.Echo,
    requestSerialize: serialize_small_v1_Note,
    requestDeserialize: deserialize_small_v1_Note,
    responseSerialize: serialize_small_v1_Echo,
    responseDeserialize: deserialize_small_v1_Echo,
  },
  chat: {
    path: '/small.v1.Notes/Chat',
    requestStream: true,
    responseStream: true,
    requestType: notes_pb.Note,
    responseType: notes_pb.Echo,
    requestSerialize: serialize_small_v1_Note,
    requestDeserialize: deserialize_small_v1_Note,
    responseSerialize: serialize_small_v1_Echo,
    responseDeserialize: deserialize_small_v1_Echo,
  },
};

exports.NotesClient = grpc.makeGenericClientConstructor(NotesService, 'Notes');
